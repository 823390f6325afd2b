import { request as httpRequest } from 'node:http';
import t, { type Test } from 'tap';
import { appOf, FrontWorld, smallWorld, type Sketch } from '../../support/front-world.js';
import { generator } from '../../support/random.js';

interface Backend {
  listener: string;
  backend: string;
  state: string;
  revision: number;
}

interface Status {
  checker: string;
  epoch: string;
  revision: number;
  complete: boolean;
  backends: Backend[];
  removed: { listener: string; backend: string }[];
}

async function api(t: Test, world = smallWorld()) {
  const { app, state, get } = await appOf(world);
  t.teardown(() => app.close());
  return { app, state, world, status: async (query = '') => (await get(`/v1/status${query}`)).json<Status>() };
}

const ids = ({ backends }: Status): string[] => backends.map(({ listener, backend }) => `${listener}/${backend}`);

t.test('without `since` the answer has all backends of all listeners, in the order of the plan', async (t) => {
  const { status, world } = await api(t);
  const answer = await status();
  t.match(answer, { checker: 'lb-1', revision: world.revision, complete: true, removed: [] });
  t.same(ids(answer), ['web/app-1', 'web/app-2', 'web/app-3', 'dns/[::1]:53']);
  t.same(answer.backends[1], {
    checker: 'lb-1',
    listener: 'web',
    backend: 'app-2',
    address: '10.0.0.2',
    port: 80,
    weight: 10,
    state: 'unhealthy',
    since: '2026-01-01T00:00:02.000Z',
    routable: false,
    routable_because: 'unhealthy',
    stale: false,
    last_probe: {
      at: '2026-01-01T00:00:02.000Z',
      outcome: 'fail',
      reason: 'status_mismatch',
      detail: 'HTTP 503, expected http_2xx',
      rtt_seconds: null,
    },
    run: { outcome: 'fail', length: 3 },
    revision: world.revision,
  });
});

t.test('with `since` only what changed after it is listed, each backend once, the latest change last', async (t) => {
  const { state, status, world } = await api(t);
  const before = (await status()).revision;
  t.same(await status(`?since=${before}`), {
    checker: 'lb-1',
    epoch: state.epoch,
    revision: before,
    complete: false,
    backends: [],
    removed: [],
  });
  state.applyChanges([
    world.turn('web', 'app-1', 'unhealthy', 'connect_refused'),
    world.turn('web', 'app-3', 'healthy', 'ok'),
    world.turn('web', 'app-1', 'healthy', 'ok'),
  ]);
  const answer = await status(`?since=${before}`);
  t.match(answer, { revision: before + 3, complete: false });
  t.same(ids(answer), ['web/app-3', 'web/app-1']);
  t.same(ids(await status(`?since=${before + 2}`)), ['web/app-1']);
});

t.test('a revision of another start, or one that is still to come, is answered completely', async (t) => {
  const { status, world } = await api(t);
  for (const since of [0, world.revision - 1, world.revision + 1, Number.MAX_SAFE_INTEGER]) {
    const answer = await status(`?since=${since}&wait=10m`);
    t.equal(answer.complete, true, `since ${since}`);
    t.equal(answer.backends.length, 4);
  }
});

t.test('removed backends are named; one that was removed and added again is present', async (t) => {
  const { state, status, world } = await api(t);
  const before = (await status()).revision;
  state.applyPlan(world.reconfigure({ web: { backends: ['app-2', 'app-3', 'app-9'] } }));
  const answer = await status(`?since=${before}`);
  t.same(ids(answer), ['web/app-9']);
  t.same(answer.removed, [
    { listener: 'web', backend: 'app-1' },
    { listener: 'dns', backend: '[::1]:53' },
  ]);
  state.applyPlan(world.replace('web', 'app-2'));
  const after = await status(`?since=${answer.revision}`);
  t.same(ids(after), ['web/app-2']);
  t.same(after.removed, []);
  t.same(ids(await status(`?since=${before}`)), ['web/app-9', 'web/app-2']);
});

t.test('`wait` holds the answer until something changes', async (t) => {
  const { state, status, world } = await api(t);
  const { revision } = await status();
  const held = status(`?since=${revision}&wait=10m`);
  await until(() => state.waiters.size === 1);
  world.probe('web', 'app-1', 'ok', 3);
  state.applyChanges([]);
  t.equal(state.waiters.size, 1, 'a probe that changes nothing wakes nobody');
  state.applyChanges([world.turn('web', 'app-1', 'unhealthy', 'connect_timeout')]);
  t.same(ids(await held), ['web/app-1']);
  const again = await status(`?since=${revision}&wait=10m`);
  t.same(ids(again), ['web/app-1'], 'what already changed is answered at once');
});

t.test('a wait without a change ends with an empty answer of the same revision', async (t) => {
  const { state, status } = await api(t);
  const { revision } = await status();
  const nothing = { checker: 'lb-1', epoch: state.epoch, revision, complete: false, backends: [], removed: [] };
  t.same(await status(`?since=${revision}&wait=20ms`), nothing);
});

t.test('200 waiting pollers are released together', async (t) => {
  const { state, status, world } = await api(t);
  const { revision } = await status();
  const held = Array.from({ length: 200 }, () => status(`?since=${revision}&wait=1m`));
  await until(() => state.waiters.size === 200);
  state.applyChanges([world.turn('web', 'app-3', 'unhealthy', 'connect_refused')]);
  for (const answer of await Promise.all(held)) t.same(ids(answer), ['web/app-3']);
  t.equal(state.waiters.size, 0);
});

t.test('a new plan releases waiting pollers too, and so does the end', async (t) => {
  const { state, status, world } = await api(t);
  const { revision } = await status();
  const held = status(`?since=${revision}&wait=1m`);
  await until(() => state.waiters.size === 1);
  state.applyPlan(world.reconfigure({ web: { backends: ['app-1', 'app-2', 'app-3'] } }));
  t.same((await held).removed, [{ listener: 'dns', backend: '[::1]:53' }]);
  const last = status(`?since=${world.revision}&wait=1m`);
  await until(() => state.waiters.size === 1);
  state.waiters.close();
  t.match(await last, { revision: world.revision, backends: [] });
  t.match(await status(`?since=${world.revision}&wait=1m`), { backends: [] }, 'after that nobody is held');
});

t.test('a poller that goes away is forgotten', async (t) => {
  const { app, state, world } = await api(t);
  await app.listen({ port: 0, host: '127.0.0.1' });
  const { port } = app.server.address() as { port: number };
  const request = httpRequest({ port, host: '127.0.0.1', path: `/v1/status?since=${world.revision}&wait=5m` });
  request.on('error', () => undefined);
  request.end();
  await until(() => state.waiters.size === 1);
  request.destroy();
  await until(() => state.waiters.size === 0);
  t.pass();
});

t.test('a plan of another revision without listed changes does not make up changes', async (t) => {
  const { state, status, world } = await api(t);
  const { revision } = await status();
  state.applyPlan(world.planMessage({ revision: revision + 5 }));
  t.match(await status(`?since=${revision}`), { revision: revision + 5, complete: false, backends: [], removed: [] });
});

/**
 * The property: whatever happens between polls, a poller that applies each answer in turn has the whole picture.
 * Its messages come late, as they do between threads: the table is ahead of what was posted.
 */
t.test('a poller that applies every answer in turn never misses a change', async (t) => {
  for (let seed = 1; seed <= 20; seed++) {
    const random = generator(seed);
    const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
    const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
    const sketch = (): Sketch => ({ web: { backends: names.filter(() => random() < 0.7) }, dns: { backends: names.slice(0, 2) } });
    let now = sketch();
    const world = new FrontWorld(now);
    const { app, state, get } = await appOf(world);
    const pollers = Array.from({ length: 3 }, () => ({ since: undefined as number | undefined, picture: new Map<string, Backend>() }));
    const poll = async (poller: (typeof pollers)[number]): Promise<void> => {
      const answer = (await get(`/v1/status${poller.since === undefined ? '' : `?since=${poller.since}`}`)).json<Status>();
      // Cut off: the answer is lost, the poller asks again from where it was.
      if (random() < 0.2) return;
      if (answer.complete) poller.picture.clear();
      for (const { listener, backend } of answer.removed) poller.picture.delete(`${listener}/${backend}`);
      for (const backend of answer.backends) poller.picture.set(`${backend.listener}/${backend.backend}`, backend);
      poller.since = answer.revision;
    };
    const late: (() => void)[] = [];
    for (let step = 0; step < 60; step++) {
      const action = random();
      if (action < 0.5) {
        const [listener, { backends }] = pick(Object.entries(now));
        if (backends.length > 0) {
          const change = world.turn(
            listener,
            pick(backends),
            random() < 0.5 ? 'healthy' : 'unhealthy',
            random() < 0.5 ? 'ok' : 'connect_refused',
          );
          late.push(() => state.applyChanges([change]));
        }
      } else if (action < 0.6) {
        now = sketch();
        const message = world.reconfigure(now);
        late.push(() => state.applyPlan(message));
      } else if (action < 0.65 && now.web!.backends.length > 0) {
        const message = world.replace('web', pick(now.web!.backends));
        late.push(() => state.applyPlan(message));
      } else if (action < 0.8) {
        late.shift()?.();
      } else {
        await poll(pick(pollers));
      }
    }
    for (const message of late) message();
    const truth = (await get('/v1/status')).json<Status>();
    for (const poller of pollers) {
      // The last poll may be cut off as well: asked until it was not.
      while (poller.since !== truth.revision) await poll(poller);
      const byKey = (a: Backend, b: Backend): number => (`${a.listener}/${a.backend}` < `${b.listener}/${b.backend}` ? -1 : 1);
      const picture = [...poller.picture.values()].sort(byKey);
      if (JSON.stringify(picture) !== JSON.stringify(truth.backends.sort(byKey))) t.same(picture, truth.backends, `seed ${seed}`);
    }
    await app.close();
  }
  t.pass();
});

/** Gives the event loop turns until something is true; tap's own timeout ends it where it never is. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}
