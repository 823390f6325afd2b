import t, { type Test } from 'tap';
import { instantAfter, instantNow } from '#vitald/instant.js';
import { appOf, FrontWorld, smallWorld } from '../../support/front-world.js';

async function api(t: Test, world = smallWorld()) {
  const api = await appOf(world);
  t.teardown(() => api.app.close());
  return { ...api, world };
}

t.test('listeners come with counts of their backends by state', async (t) => {
  const { get } = await api(t);
  t.same((await get('/v1/listeners')).json(), {
    checker: 'lb-1',
    listeners: [
      {
        name: 'web',
        protocol: 'http',
        port: 80,
        profile: 'native',
        counts: { initial: 1, healthy: 1, unhealthy: 1, disabled: 0 },
        routable: 1,
        stale: 0,
        total: 3,
        check_warning: null,
      },
      {
        name: 'dns',
        protocol: 'http',
        port: 80,
        profile: 'native',
        counts: { initial: 0, healthy: 0, unhealthy: 0, disabled: 1 },
        routable: 1,
        stale: 0,
        total: 1,
        check_warning: null,
      },
    ],
  });
});

t.test('a listener comes with its effective check, secrets of its headers left out', async (t) => {
  const { get } = await api(t);
  t.match((await get('/v1/listeners/web')).json(), {
    checker: 'lb-1',
    name: 'web',
    check: {
      enabled: true,
      type: 'http',
      interval_seconds: 6,
      timeout_seconds: 5,
      healthy_threshold: 3,
      unhealthy_threshold: 3,
      initial_passes: 3,
      pace: 'after_completion',
      port: null,
      source: null,
      interface: null,
      options: { method: 'HEAD', path: '/', headers: { 'X-Probe': '[redacted]', Authorization: '[redacted]' } },
      method_used: 'request',
      method_warning: null,
    },
    all_unhealthy: 'none',
    initial: 'exclude',
    settles_at: null,
  });
});

t.test('a listener says what its check cannot show', async (t) => {
  const warnings = ['Ping says that the host is up.', 'The backend has a link-local address.'];
  const world = new FrontWorld({ dns: { backends: ['a'], plan: { checkWarnings: warnings } } });
  const { get } = await api(t, world);
  const check_warning = 'Ping says that the host is up. The backend has a link-local address.';
  t.match((await get('/v1/listeners')).json(), { listeners: [{ name: 'dns', check_warning }] });
  t.match((await get('/v1/listeners/dns')).json(), { name: 'dns', check_warning });
});

t.test('after a reload a listener says when its verdicts will rest on the new check', async (t) => {
  const { get, state, world } = await api(t);
  const now = instantNow();
  const at = instantAfter(now, 60_000);
  const { wallMs } = at;
  state.applyPlan(world.planMessage({ settlesAt: [{ listener: 'web', at }] }));
  t.match((await get('/v1/listeners/web')).json(), { settles_at: new Date(wallMs).toISOString() });
  state.applyPlan(world.planMessage());
  t.match(
    (await get('/v1/listeners/web')).json(),
    { settles_at: new Date(wallMs).toISOString() },
    'another reload does not make it forget',
  );
  state.applyPlan(world.planMessage({ settlesAt: [{ listener: 'web', at: instantAfter(now, -1) }] }));
  t.match((await get('/v1/listeners/web')).json(), { settles_at: null }, 'past times say nothing any more');
  state.applyPlan(
    world.planMessage({ settlesAt: [{ listener: 'web', at: { wallMs: wallMs + 3_600_000, monotonicMs: now.monotonicMs } }] }),
  );
  t.match(
    (await get('/v1/listeners/web')).json(),
    { settles_at: null },
    'nor do those that a wall clock which went back makes seem to come',
  );
});

t.test('a backend comes with its recent probes and transitions, newest first', async (t) => {
  const { get, state, world } = await api(t);
  world.probe('web', 'app-3', 'connect_timeout');
  for (let turn = 0; turn < 10; turn++) {
    state.applyChanges([
      world.turn('web', 'app-3', 'healthy', 'ok', 'HTTP 200'),
      world.turn('web', 'app-3', 'unhealthy', 'connect_refused'),
    ]);
  }
  const backend = (await get('/v1/listeners/web/backends/app-3')).json<{ recent_probes: object[]; transitions: object[] }>();
  t.match(backend, {
    checker: 'lb-1',
    backend: 'app-3',
    state: 'unhealthy',
    routable_because: 'unhealthy',
    run: { outcome: 'fail', length: 3 },
  });
  t.equal(backend.recent_probes.length, 8);
  t.same(backend.recent_probes.slice(0, 2), [
    { at: '2026-01-01T00:00:23.000Z', outcome: 'fail', reason: 'connect_refused', rtt_seconds: null },
    { at: '2026-01-01T00:00:22.000Z', outcome: 'pass', reason: 'ok', rtt_seconds: 0.0012 },
  ]);
  t.equal(backend.transitions.length, 16, 'older ones are forgotten');
  t.same(backend.transitions[0], {
    at: '2026-01-01T00:00:23.000Z',
    from: 'healthy',
    to: 'unhealthy',
    reason: 'connect_refused',
    detail: '',
    run_length: 3,
    revision: world.revision,
  });
});

t.test('transitions of what stays outlive a reload; what goes takes its own along', async (t) => {
  const { get, state, world } = await api(t);
  const transitions = async (): Promise<number> =>
    (await get('/v1/listeners/web/backends/app-1')).json<{ transitions: object[] }>().transitions.length;
  state.applyChanges([world.turn('web', 'app-1', 'unhealthy', 'connect_refused')]);
  state.applyPlan(world.reconfigure({ web: { backends: ['app-1'] } }));
  t.equal(await transitions(), 1);
  state.applyPlan(world.replace('web', 'app-1'));
  t.equal(await transitions(), 0);
});

interface List {
  total: number;
  backends: { backend: string; state: string }[];
  next_cursor: string | null;
}

const manyIds = Array.from({ length: 250 }, (_, i) => `b${String(i).padStart(3, '0')}`);

t.test('backends are listed page by page', async (t) => {
  const { get } = await api(t, new FrontWorld({ web: { backends: manyIds.toReversed() } }, 256));
  const first = (await get('/v1/listeners/web/backends')).json<List>();
  t.equal(first.total, 250);
  t.same(
    first.backends.map(({ backend }) => backend),
    manyIds.slice(0, 100),
    '100 by default, in the order of their ids',
  );
  const second = (await get(`/v1/listeners/web/backends?cursor=${first.next_cursor}&limit=1000`)).json<List>();
  t.same(
    second.backends.map(({ backend }) => backend),
    manyIds.slice(100),
  );
  t.equal(second.next_cursor, null);
  const exact = (await get(`/v1/listeners/web/backends?limit=250`)).json<List>();
  t.equal(exact.next_cursor, null, 'no empty page follows a full last one');
});

t.test('whatever comes and goes between pages, each backend that stays is listed once', async (t) => {
  const { get, state, world } = await api(t, new FrontWorld({ web: { backends: manyIds } }, 512));
  const seen: string[] = [];
  let cursor: string | null = null;
  for (let page = 0; page === 0 || cursor !== null; page++) {
    const list: List = (await get(`/v1/listeners/web/backends?limit=20${cursor === null ? '' : `&cursor=${cursor}`}`)).json();
    seen.push(...list.backends.map(({ backend }) => backend));
    cursor = list.next_cursor;
    // The last listed one goes, another comes before it and one behind it.
    const stay = manyIds.filter((id) => Number(id.slice(1)) % 20 !== 19);
    state.applyPlan(world.reconfigure({ web: { backends: [`a${page}`, ...stay, `c${page}`] } }));
  }
  t.equal(new Set(seen).size, seen.length, 'none twice');
  const stayed = manyIds.filter((id) => Number(id.slice(1)) % 20 !== 19);
  t.same(
    stayed.filter((id) => !seen.includes(id)),
    [],
    'none left out',
  );
});

t.test('backends are filtered by state and by routing', async (t) => {
  const { get } = await api(t);
  const listed = async (query: string): Promise<string[]> =>
    (await get(`/v1/listeners/web/backends?${query}`)).json<List>().backends.map(({ backend }) => backend);
  t.same(await listed('state=unhealthy'), ['app-2']);
  t.same(await listed('routable=true'), ['app-1']);
  t.same(await listed('routable=false'), ['app-2', 'app-3']);
  t.same(await listed('routable=false&state=initial'), ['app-3']);
  t.same(await listed('state=disabled'), []);
});

t.test('ready means that every enabled backend was probed once', async (t) => {
  const { get, state, world } = await api(t);
  const waiting = await get('/readyz');
  t.equal(waiting.statusCode, 503);
  t.match(waiting.json(), { code: 'unavailable', missing: 1, detail: '1 of 4 backends have not been probed yet.' });
  world.probe('web', 'app-3', 'connect_timeout');
  t.equal((await get('/readyz')).statusCode, 200, 'how the probe ended does not matter');
  state.applyPlan(world.reconfigure({ web: { backends: ['app-1', 'app-9'] } }));
  t.equal((await get('/readyz')).statusCode, 503, 'a backend that a reload brought counts as well');
  t.equal((await get('/healthz')).statusCode, 200);
});

t.test('the page of links shows what runs here, with every name escaped', async (t) => {
  const name = '<script>alert("x")</script>';
  const { get } = await api(t, new FrontWorld({ [name]: { backends: ['a'] }, web: { backends: [] } }));
  const page = await get('/');
  t.match(page.headers['content-type'], /^text\/html/);
  t.match(page.headers['content-security-policy'], /default-src 'none'.*style-src 'sha256-/);
  t.notMatch(page.body, '<script');
  t.match(page.body, 'version 1.2.3');
  t.match(page.body, 'lb-1');
  t.notMatch(page.body, /https?:\/\//, 'nothing from elsewhere');
  const links = [...page.body.matchAll(/href="([^"]*)"/g)].map(([, href]) => href!).filter((href) => !href.startsWith('data:'));
  t.ok(links.length >= 11);
  for (const href of links) {
    t.notMatch(href, /^\//, 'relative: the page may be below a path of a reverse proxy');
    t.ok((await get(`/${href}`)).statusCode !== 404, href);
  }
});

t.test('a page without listeners says so', async (t) => {
  const { get } = await api(t, new FrontWorld({}));
  t.match((await get('/')).body, 'None are configured');
  t.match((await get('/v1/status')).json(), { backends: [], complete: true });
});

t.test('/docs works without any other host, under a strict policy', async (t) => {
  const { get } = await api(t);
  const page = await get('/docs/');
  t.equal(page.statusCode, 200);
  t.match(page.headers['content-security-policy'], /default-src 'none'; script-src 'self'/);
  const parts = [...page.body.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, address]) => address!);
  t.ok(parts.length >= 4);
  for (const part of parts) {
    const answer = await get(new URL(part, 'http://x/docs/').pathname);
    t.equal(answer.statusCode, 200, part);
    t.notMatch(part, /^https?:/);
  }
});
