/** `/v1/status` for some listeners only, and its entity tags. */
import t, { type Test } from 'tap';
import { isNamedIn } from '#vitald/front/api/etag.js';
import { eventually } from '../../support/eventually.js';
import { appOf, FrontWorld, type Sketch } from '../../support/front-world.js';

interface Status {
  readonly revision: number;
  readonly complete: boolean;
  readonly backends: readonly { listener: string; backend: string }[];
  readonly removed: readonly { listener: string; backend: string }[];
}

const sketch = { a: { backends: ['x', 'y'] }, b: { backends: ['x'] }, c: { backends: [] } } satisfies Sketch;

async function api(t: Test) {
  const world = new FrontWorld(sketch);
  const { app, state, get } = await appOf(world);
  t.teardown(() => app.close());
  const asked = (query: string, headers: Record<string, string> = {}) => app.inject({ url: `/v1/status${query}`, headers });
  const status = async (query = ''): Promise<Status> => (await get(`/v1/status${query}`)).json<Status>();
  const tag = async (query = ''): Promise<string> => String((await asked(query)).headers.etag);
  return { app, state, world, get, asked, status, tag };
}

const ids = (list: readonly { listener: string; backend: string }[]): string[] =>
  list.map(({ listener, backend }) => `${listener}/${backend}`);

t.test('`listener` leaves out the others, and the revision is that of all', async (t) => {
  const { state, status, world } = await api(t);
  const { revision } = world;
  t.same(ids((await status('?listener=b')).backends), ['b/x']);
  t.same(ids((await status('?listener=b&listener=a&listener=b')).backends), ['a/x', 'a/y', 'b/x'], 'in the order of the plan, each once');
  t.match(await status('?listener=c'), { complete: true, backends: [] }, 'a listener without backends has none');
  state.applyChanges([world.turn('a', 'x', 'healthy', 'ok'), world.turn('b', 'x', 'healthy', 'ok')]);
  t.match(await status(`?since=${revision}&listener=a`), { revision: revision + 2, complete: false });
  t.same(ids((await status(`?since=${revision}&listener=a`)).backends), ['a/x']);
  t.same(ids((await status(`?since=${revision}&listener=c`)).backends), []);
});

t.test('a name that does not exist is not a listener without backends', async (t) => {
  const { get } = await api(t);
  for (const query of ['?listener=web', '?listener=a&listener=web', '?listener=web&since=1&wait=10m']) {
    t.match(
      (await get(`/v1/status${query}`)).json(),
      { status: 404, code: 'listener_not_found', detail: /"web"; the listeners are: a, b, c/ },
      query,
    );
  }
  const tooMany = Array.from({ length: 101 }, (_, i) => `listener=${i}`).join('&');
  t.match((await get(`/v1/status?${tooMany}`)).json(), { status: 400, detail: /`listener` may be given at most 100 times/ });
});

t.test('a wait ends with a change of the listeners asked for, not of others', async (t) => {
  const { state, status, world } = await api(t);
  const held = status(`?since=${world.revision}&listener=a&listener=c&wait=10m`);
  await eventually('the wait', () => state.waiters.size === 1);
  state.applyChanges([world.turn('b', 'x', 'healthy', 'ok')]);
  t.equal(state.waiters.size, 1);
  state.applyChanges([world.turn('a', 'y', 'healthy', 'ok')]);
  t.equal(state.waiters.size, 0);
  const answer = await held;
  t.same(ids(answer.backends), ['a/y']);
  t.equal(answer.revision, world.revision);
  t.match(await status(`?since=${answer.revision}&listener=a&wait=10ms`), { backends: [], revision: world.revision });
});

t.test('removed backends are named to whom their listener concerns; of a listener that is gone once more', async (t) => {
  const { state, status, world, get } = await api(t);
  const { revision } = world;
  const held = status(`?since=${revision}&listener=b&wait=10m`);
  await eventually('the wait', () => state.waiters.size === 1);
  state.applyPlan(world.reconfigure({ a: { backends: ['y'] }, c: { backends: [] } }));
  const answer = await held;
  t.same(ids(answer.removed), ['b/x']);
  t.same(ids((await status(`?since=${revision}&listener=a`)).removed), ['a/x']);
  t.same(ids((await status(`?since=${revision}&listener=a&listener=b`)).removed), ['a/x', 'b/x']);
  t.equal((await get(`/v1/status?since=${answer.revision}&listener=b`)).statusCode, 404, 'from then on it is unknown');
  t.equal((await get('/v1/status?listener=b')).statusCode, 404);
});

t.test('304 where nothing changed that matters: probes move no tag, changes do', async (t) => {
  const { asked, state, tag, world } = await api(t);
  const before = await tag();
  t.match(before, /^W\/"[\w-]+\.\d+"$/);
  world.probe('a', 'x', 'ok', 3);
  const same = await asked('', { 'if-none-match': before });
  t.match(same, { statusCode: 304, body: '' });
  t.equal(same.headers.etag, before);
  t.equal(same.headers['content-type'], undefined);
  state.applyChanges([world.turn('a', 'x', 'healthy', 'ok')]);
  const after = await asked('', { 'if-none-match': before });
  t.equal(after.statusCode, 200);
  t.not(after.headers.etag, before);
  t.equal((await asked('', { 'if-none-match': `"other", ${before},${String(after.headers.etag)}` })).statusCode, 304, 'one of a list');
  t.equal((await asked('', { 'if-none-match': '*' })).statusCode, 304);
});

t.test('the tag names what is known after the answer: with `since` it is the same, and a wait in vain is a 304', async (t) => {
  const { asked, state, tag, world } = await api(t);
  state.applyChanges([world.turn('a', 'x', 'healthy', 'ok')]);
  const full = await tag();
  t.equal(await tag(`?since=${world.revision - 1}`), full);
  t.equal((await asked(`?since=${world.revision}&wait=20ms`, { 'if-none-match': full })).statusCode, 304);
  const held = asked(`?since=${world.revision}&wait=10m`, { 'if-none-match': full });
  await eventually('the wait', () => state.waiters.size === 1);
  state.applyChanges([world.turn('a', 'x', 'unhealthy', 'ok')]);
  t.match(await held, { statusCode: 200 });
  t.not((await held).headers.etag, full);
});

t.test('the tag of some listeners stays while others change, and is nobody else’s', async (t) => {
  const { state, tag, world } = await api(t);
  const [a, b, both, all] = [await tag('?listener=a'), await tag('?listener=b'), await tag('?listener=a&listener=b'), await tag()];
  t.equal(new Set([a, b, both, all]).size, 4);
  t.equal(await tag('?listener=b&listener=a'), both);
  state.applyChanges([world.turn('b', 'x', 'healthy', 'ok')]);
  t.equal(await tag('?listener=a'), a);
  for (const [query, before] of [
    ['?listener=b', b],
    ['?listener=a&listener=b', both],
    ['', all],
  ] as const)
    t.not(await tag(query), before);
  state.applyPlan(world.reconfigure({ ...sketch, a: { backends: ['x'] } }));
  t.not(await tag('?listener=a'), a, 'membership is part of it');
});

t.test('another process has other tags, though its revision be the same', async (t) => {
  const [one, other] = [await api(t), await api(t)];
  t.equal(one.world.revision, other.world.revision);
  t.not(await one.tag(), await other.tag());
});

t.test('HEAD has the head of GET, and no body', async (t) => {
  const { app, tag } = await api(t);
  const head = await app.inject({ method: 'HEAD', url: '/v1/status' });
  t.match(head, { statusCode: 200, body: '', headers: { 'content-type': 'application/json; charset=utf-8', etag: await tag() } });
  t.equal((await app.inject({ method: 'HEAD', url: '/v1/status', headers: { 'if-none-match': await tag() } })).statusCode, 304);
});

t.test('conditions as RFC 9110 has them', async (t) => {
  const tag = 'W/"a.1"';
  for (const yes of ['*', ' * ', 'W/"a.1"', '"a.1"', '"x", W/"a.1"', '"x,y","a.1"', ',"a.1"']) t.equal(isNamedIn(yes, tag), true, yes);
  for (const no of [undefined, '', 'a.1', '"a.12"', 'W/"A.1"', '"x"', '"a', '"x W/a.1"']) t.equal(isNamedIn(no, tag), false, String(no));
});
