/** Answers that take longer to write than a turn of the event loop. */
import { once } from 'node:events';
import { get as httpGet, type IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { isDeepStrictEqual } from 'node:util';
import t from 'tap';
import { StatusBodies } from '#vitald/front/api/status-body.js';
import { bodyOf, SharedPieces } from '#vitald/front/http/body-stream.js';
import { appOf, FrontWorld } from '../../support/front-world.js';
import { generator } from '../../support/random.js';

interface Backend {
  backend: string;
  state: string;
  last_probe: { detail: string } | null;
}

interface Status {
  revision: number;
  complete: boolean;
  backends: Backend[];
  removed: { backend: string }[];
}

/** Enough for an answer of several pieces. Each one's last probe names it, so that a row that is another's shows. */
const ids = Array.from({ length: 1500 }, (_, place) => `backend-${String(place).padStart(4, '0')}`);

function largeWorld(): FrontWorld {
  const world = new FrontWorld({ web: { backends: ids } }, 2048);
  for (const id of ids) world.turn('web', id, 'healthy', 'ok', id);
  return world;
}

async function textOf(body: AsyncIterable<unknown>, betweenPieces = (): void => undefined): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of body) {
    pieces.push(piece as Buffer);
    betweenPieces();
  }
  return Buffer.concat(pieces).toString();
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function* counted(pieces: number, made: { count: number }): Generator<Buffer> {
  for (let piece = 0; piece < pieces; piece++) {
    made.count++;
    yield Buffer.from(`${piece},`);
  }
}

t.test('a short body is made at once, a long one while it is read', async (t) => {
  t.same(bodyOf(counted(1, { count: 0 })), Buffer.from('0,'));
  const made = { count: 0 };
  const body = bodyOf(counted(100, made)) as Readable;
  t.type(body, Readable);
  for (let turns = 0; turns < 50; turns++) await turn();
  t.ok(made.count < 5, 'a reader that does not read makes nothing grow');
  let otherTurns = 0;
  let reading = true;
  void (async () => {
    for (; reading; otherTurns++) await turn();
  })();
  t.equal(await textOf(body), Array.from({ length: 100 }, (_, piece) => `${piece},`).join(''));
  reading = false;
  t.equal(made.count, 100);
  t.ok(otherTurns > 10, 'other things are done meanwhile');
});

t.test('nothing more is made for a reader that has gone', async (t) => {
  const made = { count: 0 };
  const body = bodyOf(counted(100, made)) as Readable;
  await once(body, 'readable');
  body.destroy();
  for (let turns = 0; turns < 20; turns++) await turn();
  t.ok(made.count < 5);
});

t.test('several readers share one body, each at its own pace', async (t) => {
  const made = { count: 0 };
  const shared = new SharedPieces(counted(20, made));
  const [quick, slow, gone] = [bodyOf(shared), bodyOf(shared), bodyOf(shared)] as [Readable, Readable, Readable];
  gone.destroy();
  const first = await textOf(quick);
  t.equal(await textOf(slow), first);
  t.equal(await textOf(bodyOf(shared) as Readable), first);
  t.equal(made.count, 20);
});

t.test('a long answer over a real connection is whole', async (t) => {
  const world = largeWorld();
  const { app, state, get } = await appOf(world);
  t.teardown(() => app.close());
  await app.listen({ port: 0, host: '127.0.0.1' });
  const { port } = app.server.address() as { port: number };
  const { revision } = world;
  state.applyChanges(ids.map((id) => world.turn('web', id, 'unhealthy', 'connect_refused', id)));
  for (const path of ['/v1/status', `/v1/status?since=${revision}`, '/metrics']) {
    const request = httpGet({ port, host: '127.0.0.1', path, agent: false });
    const [answer] = (await once(request, 'response')) as [IncomingMessage];
    t.equal((await get('/healthz')).statusCode, 200, 'others are answered while it waits to be read');
    const text = await textOf(answer);
    if (path === '/metrics') t.equal(text.match(/^vitald_backend_state\{/gm)!.length, ids.length);
    else t.same((JSON.parse(text) as Status).backends, (await get(path)).json<Status>().backends);
  }
});

t.test('metrics leave out what goes while they are read', async (t) => {
  const world = largeWorld();
  const { app, state, metrics } = await appOf(world);
  t.teardown(() => app.close());
  let reloads = 0;
  const text = await textOf((await metrics.body()) as Readable, () => {
    // A new backend gets the row of the one that goes.
    if (reloads++ === 0) state.applyPlan(world.reconfigure({ web: { backends: [...ids.slice(0, -1), 'new'] } }));
  });
  t.notMatch(text, 'vitald_backend_last_probe_rtt_seconds{listener="web",backend="backend-1499"');
  t.notMatch(text, 'backend="new"', 'the answer is of one plan');
  t.match(text, 'vitald_backend_last_probe_rtt_seconds{listener="web",backend="backend-1498"');
});

/** As in status.test.ts, but everything happens in the middle of an answer. */
t.test('whatever changes while an answer is read, no row is another’s, and the next answer tells it', async (t) => {
  for (let seed = 1; seed <= 5; seed++) {
    const random = generator(seed);
    const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
    const world = largeWorld();
    const { app, state, get } = await appOf(world);
    const start = state.changes.revision;
    state.applyChanges(ids.map((id) => world.turn('web', id, 'unhealthy', 'connect_refused', id)));
    const bodies = new StatusBodies(state);
    let present: readonly string[] = ids;
    const happen = (): void => {
      if (random() < 0.5) {
        const id = pick(present);
        state.applyChanges([world.turn('web', id, random() < 0.5 ? 'healthy' : 'unhealthy', 'ok', id)]);
      } else if (random() < 0.5) {
        const stay = new Set([...ids, 'x', 'y', 'z'].filter(() => random() < 0.9));
        present = [...stay];
        state.applyPlan(world.reconfigure({ web: { backends: present } }));
        for (const id of present.slice(-20)) state.applyChanges([world.turn('web', id, 'unhealthy', 'connect_refused', id)]);
      } else state.applyPlan(world.replace('web', pick(present)));
    };
    const picture = new Map<string, Backend>();
    let since: number | undefined;
    const poll = async (): Promise<void> => {
      const body = bodies.body(since);
      const answer = JSON.parse(body instanceof Readable ? await textOf(body, happen) : body.toString()) as Status;
      const foreign = answer.backends.filter(({ backend, last_probe }) => last_probe !== null && last_probe.detail !== backend);
      t.same(foreign, [], `seed ${seed}`);
      t.equal(new Set(answer.backends.map(({ backend }) => backend)).size, answer.backends.length, 'none twice');
      if (answer.complete) picture.clear();
      for (const { backend } of answer.removed) picture.delete(backend);
      for (const backend of answer.backends) picture.set(backend.backend, backend);
      since = answer.revision;
    };
    await poll();
    // Then the long answer of all that changed since the start.
    since = start;
    await poll();
    while (since < state.changes.revision) await poll();
    const truth = (await get('/v1/status')).json<Status>().backends;
    t.equal(picture.size, truth.length);
    const wrong = truth.filter((backend) => !isDeepStrictEqual(picture.get(backend.backend), backend));
    t.same(wrong, [], `seed ${seed}`);
    await app.close();
  }
});
