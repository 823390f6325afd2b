/**
 * Two daemons that started in the same second give out the same revisions for different changes. A client that goes from
 * one to the other must not take what it knows of one for knowledge of the other.
 */
import t, { type Test } from 'tap';
import { EventStream } from '../../support/event-stream.js';
import { appOf, smallWorld, type ControlSetup } from '../../support/front-world.js';

async function daemon(t: Test, world = smallWorld(), setup: ControlSetup = {}) {
  const { app, state } = await appOf(world, {}, setup);
  t.teardown(() => app.close());
  const base = await app.listen({ port: 0, host: '127.0.0.1' });
  const asked = (query: string, headers: Record<string, string> = {}) => app.inject({ url: `/v1/status${query}`, headers });
  const status = async (query = ''): Promise<Status> => (await asked(query)).json<Status>();
  /** Changes that the front hears of. */
  const turn = (backend: string, to: 'healthy' | 'unhealthy'): void =>
    state.applyChanges([world.turn('web', backend, to, to === 'healthy' ? 'ok' : 'connect_refused')]);
  const events = async (query = '', headers: Record<string, string> = {}): Promise<EventStream> => {
    const stream = await EventStream.open(`${base}/v1/events${query}`, { headers });
    t.teardown(() => stream.cut());
    return stream;
  };
  return { app, state, world, base, asked, status, turn, events };
}

interface Status {
  readonly epoch: string;
  readonly revision: number;
  readonly complete: boolean;
  readonly backends: readonly { readonly backend: string; readonly state: string }[];
}

/** Two daemons of the same revision: app-1 is unhealthy for one of them, app-3 healthy for the other. */
async function twins(t: Test) {
  const [one, other] = [await daemon(t), await daemon(t)];
  one.turn('app-1', 'unhealthy');
  other.turn('app-3', 'healthy');
  t.equal(one.world.revision, other.world.revision, 'their revisions are the same');
  t.not(one.state.epoch, other.state.epoch);
  return { one, other };
}

t.test('an answer names its epoch, and a poller that sends it back gets what changed', async (t) => {
  const { status, state, turn } = await daemon(t);
  const { epoch, revision } = await status();
  t.match(epoch, /^[0-9a-f]{16}$/);
  t.equal(epoch, state.epoch);
  turn('app-1', 'unhealthy');
  t.match(await status(`?since=${revision}&epoch=${epoch}`), { complete: false, epoch, backends: [{ backend: 'app-1' }] });
  t.match(await status(`?since=${revision}`), { complete: false, backends: [{ backend: 'app-1' }] }, 'without it too, as before');
});

t.test('the epoch of another daemon is answered completely, and at once', async (t) => {
  const { one, other } = await twins(t);
  const { epoch, revision } = await one.status();
  const before = performance.now();
  const answer = await other.status(`?since=${revision}&epoch=${epoch}&wait=20s`);
  t.ok(performance.now() - before < 15_000, 'it does not wait');
  t.equal(other.state.waiters.size, 0);
  t.match(answer, { complete: true, epoch: other.state.epoch, revision });
  t.match(answer.backends, [{ backend: 'app-1', state: 'healthy' }, {}, { backend: 'app-3', state: 'healthy' }, {}]);
  t.match(await other.status(`?since=${revision}&epoch=${epoch}&listener=web&wait=20s`), { complete: true });
});

t.test('a listener that is gone is not told once more to a client of another daemon: it is unknown', async (t) => {
  const { one, other } = await twins(t);
  const { epoch, revision } = await one.status();
  other.state.applyPlan(other.world.reconfigure({ web: { backends: ['app-1'] } }));
  t.equal((await other.asked(`?since=${revision}&listener=dns`)).statusCode, 200);
  t.equal((await other.asked(`?since=${revision}&epoch=${epoch}&listener=dns`)).statusCode, 404);
});

t.test('a tag of another daemon names nothing here; a foreign epoch beside a tag of this one is answered completely', async (t) => {
  const { one, other } = await twins(t);
  const foreign = String((await one.asked('')).headers.etag);
  const own = String((await other.asked('')).headers.etag);
  t.not(foreign, own);
  t.equal((await other.asked('', { 'if-none-match': foreign })).statusCode, 200);
  t.equal((await other.asked('', { 'if-none-match': own })).statusCode, 304);
  const { epoch, revision } = await one.status();
  const answer = await other.asked(`?since=${revision}&epoch=${epoch}`, { 'if-none-match': own });
  t.match(answer, { statusCode: 200 });
  t.equal(answer.json<Status>().complete, true);
});

t.test('what a client sends as an epoch is checked before it is used', async (t) => {
  const { asked, status } = await daemon(t);
  const { revision } = await status();
  for (const hostile of ['', 'x'.repeat(65), 'a%0d%0aset-cookie:x', '%00', 'ä', 'a:b', 'a%20b', '%F0%9F%92%A5', 'x'.repeat(7000)]) {
    const answer = await asked(`?since=${revision}&epoch=${hostile}`);
    t.match(answer, { statusCode: 400 }, hostile);
    t.match(answer.json(), { code: 'bad_request', detail: /The query parameter `epoch` must be a value such as/ });
    t.ok(answer.body.length < 500, 'and not sent back at length');
  }
  t.match((await asked('?epoch=a&epoch=b')).json(), { code: 'bad_request', detail: /`epoch` may be given only once/ });
  t.match(await status(`?since=${revision}&epoch=${'x'.repeat(64)}`), { complete: true });
  t.match(await status('?epoch=later_Version-2'), { complete: true });
});

t.test('an event reader that comes from another daemon is told to start over', async (t) => {
  const { one, other } = await twins(t);
  const { epoch, revision } = await one.status();
  const reset = { type: 'reset', data: { why: 'unknown', epoch: other.state.epoch, revision } };
  t.match(await (await other.events('', { 'last-event-id': `${epoch}:${revision}` })).received(1), [reset]);
  t.match(await (await other.events(`?since=${revision}&epoch=${epoch}`)).received(1), [reset]);
  // What is named by the header goes before what is named by the query.
  const { epoch: own } = await other.status();
  t.match(await (await other.events(`?since=${revision}&epoch=${own}`, { 'last-event-id': `${epoch}:${revision}` })).received(1), [reset]);
});

t.test('an event reader goes on by its own id, by since and epoch, and by a bare number as before', async (t) => {
  const { events, status, turn, world } = await daemon(t);
  const { epoch, revision } = await status();
  turn('app-1', 'unhealthy');
  const next = [{ id: `${epoch}:${world.revision}`, type: 'state', data: { backend: 'app-1' } }];
  for (const id of [`${epoch}:${revision}`, String(revision)]) {
    t.match(await (await events('', { 'last-event-id': id })).received(1), next, id);
  }
  t.match(await (await events(`?since=${revision}&epoch=${epoch}`)).received(1), next);
  t.match(await (await events(`?since=${revision}&epoch=foreign`, { 'last-event-id': `${epoch}:${revision}` })).received(1), next);
});

t.test('an id that no daemon gives out leads to a reset, whatever is in it', async (t) => {
  const { events, status } = await daemon(t);
  const { epoch, revision } = await status();
  const nonsense = [`:${revision}`, `${epoch}:`, `${epoch}:-1`, `${epoch}:1e9`, `${epoch}:${revision}:1`, `${epoch}: ${revision}`];
  for (const id of [...nonsense, `${'x'.repeat(65)}:${revision}`, 'x'.repeat(10_000), `${epoch}:${'9'.repeat(16)}`]) {
    t.match(await (await events('', { 'last-event-id': id })).received(1), [{ type: 'reset', data: { why: 'unknown' } }], id.slice(0, 80));
  }
});

t.test('a front that starts anew in the same process keeps the epoch, and misses nothing of what came before it', async (t) => {
  const world = smallWorld();
  const first = await daemon(t, world);
  const { epoch, revision } = await first.status();
  const tags = ['', '?listener=web', '?listener=dns'] as const;
  const before = await Promise.all(tags.map(async (query) => String((await first.asked(query)).headers.etag)));
  // The first one has crashed, and heard no more of this.
  world.turn('web', 'app-1', 'unhealthy', 'connect_refused');
  const second = await daemon(t, world, { epoch });
  t.match(await second.status(`?since=${revision}&epoch=${epoch}`), { complete: true, epoch, revision: revision + 1 });
  t.match(await (await second.events('', { 'last-event-id': `${epoch}:${revision}` })).received(1), [
    { type: 'reset', data: { why: 'unknown', epoch } },
  ]);
  for (const [place, query] of tags.entries()) {
    const answer = await second.asked(query, { 'if-none-match': before[place]! });
    t.equal(answer.statusCode, 200, `the tag of ${query} is not believed: the change may be of that listener`);
  }
  t.match(await second.status(`?since=${revision + 1}&epoch=${epoch}`), { complete: false, backends: [] }, 'who knew all goes on');
});
