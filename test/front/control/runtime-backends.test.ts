import t from 'tap';
import { packPlan } from '#vitald/config/pack.js';
import type { RuntimeBackend } from '#vitald/config/plan.js';
import { controlApi, networks, type Problem } from '../../support/control.js';
import { eventually } from '../../support/eventually.js';
import { FrontWorld, smallWorld } from '../../support/front-world.js';

const path = '/listeners/web/backends';
const app9 = { address: '10.0.0.9', port: 8080, weight: 5 };

interface Listed {
  readonly total: number;
  readonly backends: readonly { readonly backend: string; readonly revision: number }[];
}

function of(id: string, last: number, version: number): RuntimeBackend {
  return { id, address: `10.0.1.${last}`, port: 80, weight: 1, version, by: 'cd', at: 1_700_000_000_000 };
}

t.test('a backend is added, changed and removed while vitald runs', async (t) => {
  const { ask, engine } = await controlApi(t);
  const added = await ask.put(`${path}/app-9`, app9);
  t.equal(added.statusCode, 201, added.body);
  t.match(added.json(), { listener: 'web', backend: 'app-9', ...app9, by: 'anonymous' });
  const tag = String(added.headers.etag);
  const shown = await ask.get(`${path}/app-9`);
  t.match(shown.json(), { ...app9, source: 'runtime', runtime: { by: 'anonymous' }, configured_weight: 5, state: 'initial' });
  t.equal(shown.headers.etag, tag);
  t.match((await ask.get(`${path}/app-1`)).json(), { source: 'file', runtime: null });

  const same = await ask.put(`${path}/app-9`, app9);
  t.equal(same.statusCode, 200);
  t.equal(same.headers.etag, tag, 'the same again changes nothing');
  t.equal(engine.commands.length, 1);

  const changed = await ask.put(`${path}/app-9`, { ...app9, weight: 7 });
  t.equal(changed.statusCode, 200);
  t.not(changed.headers.etag, tag);
  t.match((await ask.get(`${path}/app-9`)).json(), { weight: 7 });

  t.equal((await ask.delete(`${path}/app-9`)).statusCode, 204);
  t.equal((await ask.get(`${path}/app-9`)).statusCode, 404);
  t.match((await ask.delete(`${path}/app-9`)).json<Problem>(), { status: 404, code: 'backend_not_found' });
  t.equal((await ask.get(path)).json<Listed>().total, 3);
});

t.test('an id of the form ADDRESS:PORT says all; a missing port is the listener’s, a missing weight is 1', async (t) => {
  const { ask } = await controlApi(t);
  t.match((await ask.put(`${path}/10.1.2.3:99`, {})).json(), { address: '10.1.2.3', port: 99, weight: 1 });
  t.match((await ask.put(`${path}/%5Bfd00::1%5D:99`, { address: 'fd00:0::1' })).json(), {
    backend: '[fd00::1]:99',
    address: 'fd00::1',
    port: 99,
  });
  t.match((await ask.put(`${path}/plain`, { address: '10.1.2.4' })).json(), { port: 80 });
});

t.test('lists tell backends of the file and of the API apart', async (t) => {
  const { ask } = await controlApi(t);
  await ask.put(`${path}/app-9`, app9);
  const ids = async (query: string): Promise<string[]> =>
    (await ask.get(`${path}${query}`)).json<Listed>().backends.map(({ backend }) => backend);
  t.same(await ids('?source=runtime'), ['app-9']);
  t.same(await ids('?source=file'), ['app-1', 'app-2', 'app-3']);
  t.same(await ids(''), ['app-1', 'app-2', 'app-3', 'app-9']);
});

t.test('the rules are those of the file, and nothing changes where one is broken', async (t) => {
  const { ask, engine } = await controlApi(t);
  await ask.put(`${path}/taken`, { address: '10.0.0.50' });
  const cases: [string, string, object | undefined, number, string, RegExp][] = [
    ['no address', 'x', {}, 400, 'bad_request', /must have `address`: "x" is a name/],
    ['a name of a host', 'x', { address: 'db.example' }, 400, 'bad_request', /names are not resolved/],
    ['a port in the address', 'x', { address: '10.0.0.7:80' }, 400, 'bad_request', /write the port under `port`/],
    ['multicast', 'x', { address: '224.0.0.1' }, 400, 'bad_request', /multicast/],
    ['port 0', 'x', { address: '10.0.0.7', port: 0 }, 400, 'bad_request', /`port` must be a port from 1 to 65535, not 0/],
    ['a weight as text', 'x', { address: '10.0.0.7', weight: '1' }, 400, 'bad_request', /`weight` must be a whole number/],
    ['a name', 'x', { address: '10.0.0.7', name: 'y' }, 400, 'bad_request', /"name" is not known/],
    ['an id that is neither', 'a%20b', { address: '10.0.0.7' }, 400, 'bad_request', /an id is a name .* or ADDRESS:PORT/],
    ['an address without a port', '10.0.0.7', {}, 400, 'bad_request', /has no port/],
    ['an IPv6 address that may hold a port', 'fd00::1:8080', {}, 400, 'bad_request', /if 8080 is its port, write \[fd00::1\]:8080/],
    ['another way to write it', '%5Bfd00:0::1%5D:80', {}, 400, 'bad_request', /usual form, \[fd00::1\]:80/],
    ['another port in the body', '10.0.0.7:80', { port: 81 }, 400, 'bad_request', /path says port 80, the body 81/],
    ['another address in the body', '10.0.0.7:80', { address: '10.0.0.8' }, 400, 'bad_request', /path says address 10\.0\.0\.7/],
    [
      'another network',
      'x',
      { address: '192.0.2.1' },
      403,
      'network_not_allowed',
      /outside server\.allowed_networks \(10\.0\.0\.0\/8, fd00::\/8\)/,
    ],
    ['an id of the file', 'app-1', { address: '10.0.0.7' }, 409, 'backend_in_file', /"app-1" is one of the configuration file/],
    ['an endpoint of the file', 'x', { address: '10.0.0.1' }, 409, 'backend_in_file', /"10\.0\.0\.1:80" is one of the configuration file/],
    ['an endpoint that is taken', 'x', { address: '10.0.0.50' }, 409, 'duplicate_backend', /has the address and port of "taken"/],
  ];
  const before = engine.commands.length;
  for (const [what, id, body, status, code, detail] of cases) {
    t.match((await ask.put(`${path}/${id}`, body)).json<Problem>(), { status, code, detail }, what);
  }
  t.match((await ask.delete(`${path}/app-1`)).json<Problem>(), { status: 409, code: 'backend_in_file' });
  t.match((await ask.delete('/listeners/none/backends/x')).json<Problem>(), { status: 404, code: 'listener_not_found' });
  t.match((await ask.put('/listeners/none/backends/x', app9)).json<Problem>(), { status: 404, code: 'listener_not_found' });
  t.equal(engine.commands.length, before);
});

t.test('a backend that cannot be probed, or may be meant otherwise, is accepted with a warning', async (t) => {
  const { ask } = await controlApi(t, { allowedNetworks: ['fe80::/10', 'fd00::/8', '10.0.0.0/8'] });
  const put = async (id: string, body: object): Promise<unknown> =>
    (await ask.put(`${path}/${id}`, body)).json<{ warning: unknown }>().warning;
  t.match(await put('local', { address: 'fe80::1' }), /"fe80::1" is a link-local address, .*check\.interface/);
  t.match(await put('%5Bfe80::2%5D:80', {}), /"fe80::2" is a link-local address/);
  t.match(await put('ported', { address: 'fd00::1:8080' }), /got the listener's port 80; if 8080 is the port/);
  t.equal(await put('ported', { address: 'fd00::1:8080', port: 80 }), null);
  t.equal(await put('%5Bfd00::2:8080%5D:80', {}), null, 'brackets leave no doubt');
  t.equal(await put('plain', { address: '10.0.0.9' }), null);
});

t.test('a list is accepted with a warning for each doubtful backend', async (t) => {
  const world = new FrontWorld({ web: { backends: ['app-1'] } }, 256);
  const { ask } = await controlApi(t, { world, allowedNetworks: ['fe80::/10', '10.0.0.0/8'] });
  const backends = [{ name: 'a', address: 'fe80::1' }, { address: '10.0.0.9' }, { address: 'fe80::2', port: 81 }];
  t.match((await ask.put(path, { backends })).json(), {
    total: 3,
    warnings: [/^a: "fe80::1" is a link-local address/, /^"fe80::2" is a link-local address/],
  });
  const many = Array.from({ length: 150 }, (_, i) => ({ address: `fe80::${(i + 1).toString(16)}:a` }));
  t.equal((await ask.put(path, { backends: many })).json<{ warnings: string[] }>().warnings.length, 100);
  t.same((await ask.put(path, { backends: [{ address: '10.0.0.9' }] })).json<{ warnings: string[] }>().warnings, []);
});

t.test('without allowed networks there are no runtime backends, and the answer says how to allow them', async (t) => {
  const { ask } = await controlApi(t, { allowedNetworks: [] });
  const refused = (await ask.put(`${path}/app-9`, app9)).json<Problem>();
  t.match(refused, {
    status: 403,
    code: 'network_not_allowed',
    detail: /set server\.allowed_networks .* for example \[10\.0\.0\.0\/8\], and reload/,
  });
});

t.test('If-Match and If-None-Match keep one control plane from undoing what another did', async (t) => {
  const { ask } = await controlApi(t);
  const first = String((await ask.put(`${path}/app-9`, app9, { 'if-none-match': '*' })).headers.etag);
  t.match((await ask.put(`${path}/app-9`, app9, { 'if-none-match': '*' })).json<Problem>(), { status: 412, code: 'precondition_failed' });
  const second = await ask.put(`${path}/app-9`, { ...app9, weight: 6 }, { 'if-match': `"other", ${first}` });
  t.equal(second.statusCode, 200);
  t.match((await ask.put(`${path}/app-9`, { ...app9, weight: 7 }, { 'if-match': first })).json<Problem>(), { code: 'precondition_failed' });
  t.match((await ask.delete(`${path}/app-9`, undefined, { 'if-match': `W/${String(second.headers.etag)}` })).json<Problem>(), {
    status: 412,
  });
  t.equal((await ask.delete(`${path}/app-9`, undefined, { 'if-match': String(second.headers.etag) })).statusCode, 204);
  t.match((await ask.put(`${path}/app-9`, app9, { 'if-match': '*' })).json<Problem>(), { status: 412, detail: /it is not there/ });
  const again = await ask.put(`${path}/app-9`, app9);
  t.not(again.headers.etag, first, 'no version is ever given twice');
});

t.test('the whole set of a listener is replaced in one go, and those that stay are not touched', async (t) => {
  const { ask, engine } = await controlApi(t);
  const put = await ask.put(path, {
    backends: [
      { name: 'a', address: '10.0.1.1' },
      { name: 'b', address: '10.0.1.2' },
      { address: '10.0.1.3', port: 81 },
    ],
  });
  t.match(put.json(), { listener: 'web', total: 3, added: ['a', 'b', '10.0.1.3:81'], changed: [], removed: [] });
  t.equal((await ask.get(`${path}?source=runtime`)).headers.etag, put.headers.etag);
  const revisionOfB = (await ask.get(`${path}/b`)).json<{ revision: number }>().revision;
  const next = [
    { name: 'b', address: '10.0.1.2' },
    { address: '10.0.1.3', port: 81, weight: 2 },
    { name: 'c', address: '10.0.1.4' },
  ];
  const second = await ask.put(path, { backends: next }, { 'if-match': String(put.headers.etag) });
  t.match(second.json(), { total: 3, added: ['c'], changed: ['10.0.1.3:81'], removed: ['a'] });
  t.equal((await ask.get(`${path}/b`)).json<{ revision: number }>().revision, revisionOfB);
  t.match((await ask.put(path, { backends: [] }, { 'if-match': String(put.headers.etag) })).json<Problem>(), {
    code: 'precondition_failed',
  });
  const commands = engine.commands.length;
  const same = await ask.put(path, { backends: next });
  t.same([same.headers.etag, engine.commands.length], [second.headers.etag, commands], 'the same again changes nothing');
  t.match((await ask.put(path, { backends: [] })).json(), { total: 0, removed: ['b', '10.0.1.3:81', 'c'] }, 'the file has others');
});

t.test('a list with anything wrong changes nothing, and every problem is named by its index', async (t) => {
  const { ask, engine } = await controlApi(t);
  const shape = (
    await ask.put(path, { backends: [{ address: '10.0.1.1' }, 'x', { address: '10.0.1.2', prot: 80 }, { name: '-', address: '10.0.1.3' }] })
  ).json<Problem>();
  t.match(shape, {
    status: 400,
    code: 'bad_request',
    detail: /3 of the backends cannot be taken, so nothing was changed\. backends\[1\]: /,
  });
  t.same(
    shape.problems?.map(({ index }) => index),
    [1, 2, 3],
  );
  t.match(shape.problems?.[1]?.detail, /"prot" is not known/);

  const values = [{ address: '10.0.1.1' }, { address: 'nowhere' }, { address: '192.0.2.1' }, { address: '10.0.0.1' }];
  const bad = (await ask.put(path, { backends: values })).json<Problem>();
  t.same(
    bad.problems?.map(({ index, code }) => [index, code]),
    [
      [1, 'bad_request'],
      [2, 'network_not_allowed'],
    ],
  );

  const twins = [
    { address: '10.0.1.1' },
    { name: 'x', address: '10.0.1.1' },
    { name: 'x', address: '10.0.1.2' },
    { address: '10.0.0.1' },
    { name: 'app-2', address: '10.0.1.9' },
  ];
  const refused = (await ask.put(path, { backends: twins })).json<Problem>();
  t.match(refused, { status: 409, code: 'backend_in_file' });
  t.same(
    refused.problems?.map(({ index, code }) => [index, code]),
    [
      [1, 'duplicate_backend'],
      [2, 'duplicate_backend'],
      [3, 'backend_in_file'],
      [4, 'backend_in_file'],
    ],
  );
  t.match((await ask.put(path, { backend: [] })).json<Problem>(), {
    code: 'bad_request',
    detail: /`backends` is missing|"backend" is not known/,
  });
  t.match((await ask.put(path, [] as object)).json<Problem>(), { code: 'bad_request' });
  t.same(engine.commands, []);
});

t.test('an empty list does not take the last backends of a listener away unless that is said', async (t) => {
  const { ask } = await controlApi(t);
  const dns = '/listeners/dns/backends';
  const world = await ask.put(`${dns}`, { backends: [{ address: '10.9.9.9' }] });
  t.equal(world.statusCode, 200, world.body);
  t.match((await ask.put(dns, { backends: [] })).json(), { total: 0 }, 'dns has one of the file');

  const bare = new FrontWorld({ web: { backends: [] } });
  const other = await controlApi(t, { world: bare });
  t.equal((await other.ask.put(path, { backends: [{ address: '10.9.9.9' }] })).statusCode, 200);
  t.match((await other.ask.put(path, { backends: [] })).json<Problem>(), {
    status: 409,
    code: 'would_empty_listener',
    detail: /\?allow_empty=true/,
  });
  t.match((await other.ask.put(`${path}?allow_empty=true`, { backends: [] })).json(), { total: 0 });
});

t.test('there may be 10,000 runtime backends in all', async (t) => {
  const { ask, state } = await controlApi(t, { world: smallWorld(16_384) });
  const many = Array.from({ length: 9_999 }, (_, i) => ({ address: `10.2.${i >> 8}.${i & 255}`, port: 7000 }));
  const filled = await ask.put(path, { backends: many.slice(1) });
  t.equal(filled.statusCode, 200, filled.body.slice(0, 500));
  t.equal(state.runtime.size, 9_998);
  t.equal((await ask.put(`${path}/one`, { address: '10.3.0.1' })).statusCode, 201);
  t.equal((await ask.put('/listeners/dns/backends/two', { address: '10.3.0.2', port: 53 })).statusCode, 201);
  t.match((await ask.put(`${path}/three`, { address: '10.3.0.3' })).json<Problem>(), { status: 409, code: 'runtime_backend_limit' });
  t.equal((await ask.delete(`${path}/one`)).statusCode, 204);
  t.equal((await ask.put(`${path}/three`, { address: '10.3.0.3' })).statusCode, 201);
});

t.test('changes that come while the engine works are done together, each on what the one before left', async (t) => {
  const { ask, engine, state } = await controlApi(t);
  let go = (): void => undefined;
  engine.pause = new Promise<void>((resolve) => (go = resolve));
  const first = ask.put(`${path}/first`, { address: '10.4.0.0' });
  await eventually('the first', () => engine.commands.length === 1);
  const rest = Promise.all(
    Array.from({ length: 40 }, (_, i) => ask.put(`${path}/b-${i % 20}`, { address: `10.4.0.${1 + (i % 20)}`, weight: i })),
  );
  const twin = ask.put(`${path}/twin`, { address: '10.4.0.1' });
  go();
  t.equal((await first).statusCode, 201);
  t.same([...new Set((await rest).map(({ statusCode }) => statusCode))].sort(), [200, 201]);
  t.match((await twin).json<Problem>(), { code: 'duplicate_backend' });
  t.ok(engine.commands.length <= 3, `${engine.commands.length} changes of plan for 41 requests`);
  t.same(
    [...state.runtime.of('web').values()].map(({ weight }) => weight),
    [1, ...Array.from({ length: 20 }, (_, i) => 20 + i)],
  );
});

t.test('a reload that comes between makes a change begin anew with its plan', async (t) => {
  const { ask, engine, world, state, control } = await controlApi(t);
  await ask.put(`${path}/stays`, { address: '10.5.0.1' });
  let reloads = 0;
  engine.before = ({ kind }) => {
    if (kind !== 'members' || ++reloads > 2) return;
    const sketch = { web: { backends: ['app-1', 'app-2', 'app-3', `app-${reloads + 3}`] }, dns: { backends: ['[::1]:53'] } };
    const message = world.reconfigure(sketch);
    const plan = world.plan();
    engine.reload({ ...message, plan: packPlan({ ...plan, server: { ...plan.server, allowedNetworks: networks } }), runtime: [] });
  };
  const put = await ask.put(`${path}/new`, { address: '10.5.0.2' });
  t.equal(put.statusCode, 201, put.body);
  t.same([...state.runtime.of('web').keys()], ['new'], 'the reload dropped the other');
  t.ok(state.model.backend('web', 'app-5'));
  t.ok(state.model.backend('web', 'new'));
  t.match(
    control.audit.latest(10).map(({ action, backend, caller }) => [action, backend, caller]),
    [
      ['backend_put', 'new', 'anonymous'],
      ['backend_dropped', 'stays', 'vitald'],
    ],
  );
});

t.test('a reload that takes the backend itself into the file refuses the change', async (t) => {
  const { ask, engine, world } = await controlApi(t);
  engine.before = ({ kind }) => {
    if (kind !== 'members') return;
    engine.before = () => undefined;
    const message = world.reconfigure({ web: { backends: ['app-1', 'new'] } });
    const plan = world.plan();
    engine.reload({ ...message, plan: packPlan({ ...plan, server: { ...plan.server, allowedNetworks: networks } }) });
  };
  t.match((await ask.put(`${path}/new`, { address: '10.5.0.2' })).json<Problem>(), { status: 409, code: 'backend_in_file' });
});

t.test('one that waits for its listener to be configured is kept, and can be removed', async (t) => {
  const { ask, state } = await controlApi(t, { waiting: { listener: 'later', backends: [of('x', 1, 7)] } });
  t.equal((await ask.put(`${path}/app-9`, app9)).statusCode, 201);
  t.same([...state.runtime.of('later').keys()], ['x']);
  t.equal((await ask.delete('/listeners/later/backends/x')).statusCode, 204);
  t.same(
    state.runtime.all.map(({ listener }) => listener),
    ['web'],
  );
});
