import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import type { Response } from 'light-my-request';
import t, { type Test } from 'tap';
import { FrontWorld, type Sketch } from '../../../support/front-world.js';
import { eventually } from '../../../support/eventually.js';
import { outputsOf } from '../../../support/api-with-outputs.js';
import { envoyDefinitions, misfits } from './proto-json.js';

const typeUrl = 'type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment';

interface Endpoint {
  endpoint: { address: { socket_address: { address: string; port_value: number } } };
  health_status: string;
  load_balancing_weight?: number;
}

interface DiscoveryResponse {
  version_info: string;
  resources: { cluster_name: string; endpoints: { lb_endpoints: Endpoint[] }[] }[];
}

/** What Envoy sends; `node` is longer in truth. */
function discoveryRequest(names: readonly string[], version = ''): Record<string, unknown> {
  return {
    ...(version !== '' && { version_info: version }),
    node: { id: 'envoy-1', cluster: 'edge', user_agent_name: 'envoy', extensions: [{ name: 'envoy.filters.http.router' }] },
    resource_names: names,
    type_url: typeUrl,
  };
}

/** Two listeners with all verdicts. */
function twoListeners(sketch: Sketch = { web: { backends: ['a', 'b', 'c'] }, dns: { backends: ['d'] } }): FrontWorld {
  const made = new FrontWorld(sketch);
  for (const [listener, { backends }] of Object.entries(sketch)) {
    for (const backend of backends) made.turn(listener, backend, 'healthy', 'ok');
  }
  return made;
}

async function envoy(t: Test, present = twoListeners(), options: Record<string, unknown> = {}) {
  const api = await outputsOf(t, present, [{ type: 'envoy', options: { hold: '0s', ...options } }]);
  const post = (body: unknown): Promise<Response> =>
    api.app.inject({ method: 'POST', url: '/v3/discovery:endpoints', body: body as object });
  const discover = async (names: readonly string[], version?: string): Promise<DiscoveryResponse> => {
    const answer = await post(discoveryRequest(names, version));
    if (answer.statusCode !== 200) throw new Error(`${answer.statusCode} ${answer.body}`);
    return answer.json<DiscoveryResponse>();
  };
  const states = async (names: readonly string[]): Promise<string[]> =>
    (await discover(names)).resources.flatMap(({ endpoints }) => endpoints.flatMap((one) => one.lb_endpoints.map((e) => e.health_status)));
  const shown = (): ReturnType<typeof api.outputs.states>[number] => api.outputs.states()[0]!;
  return { ...api, world: present, post, discover, states, shown };
}

t.test('the answer is a DiscoveryResponse by Envoy’s own definitions, field by field', async (t) => {
  const { discover, world, changes, plan } = await envoy(t);
  changes(world.turn('web', 'b', 'unhealthy', 'connect_timeout'));
  plan(world.reconfigure({ web: { backends: ['a', 'b', 'c'], weight: 0 }, dns: { backends: ['d', '2001:db8::1'] } }));
  const root = envoyDefinitions();
  const answer = await discover([]);
  t.same(misfits(root, 'envoy.service.discovery.v3.DiscoveryResponse', answer), []);
  t.equal((answer as unknown as Record<string, unknown>)['type_url'], typeUrl);
  const broken = structuredClone(answer) as unknown as { resources: { endpoints: { lb_endpoints: Record<string, unknown>[] }[] }[] };
  broken.resources[0]!.endpoints[0]!.lb_endpoints[0] = { endpoint: {}, health_status: 'WELL', load_balancing_weight: 0, loadWeight: 1 };
  t.equal(misfits(root, 'envoy.service.discovery.v3.DiscoveryResponse', broken).length, 3, 'the check sees what is wrong');
  t.same(
    misfits(root, 'envoy.service.discovery.v3.DiscoveryRequest', discoveryRequest(['web'], '1')).filter((m) => !m.includes('.node')),
    [],
  );
});

t.test('a listener is a cluster: addresses, ports, weights and health of its backends', async (t) => {
  const { discover } = await envoy(t);
  const { resources } = await discover(['dns']);
  t.same(resources, [
    {
      '@type': typeUrl,
      cluster_name: 'dns',
      endpoints: [
        {
          locality: {},
          priority: 0,
          lb_endpoints: [
            {
              endpoint: { address: { socket_address: { address: '10.0.0.4', port_value: 80 } } },
              health_status: 'HEALTHY',
              load_balancing_weight: 10,
            },
          ],
        },
      ],
    },
  ]);
});

t.test('routable decides: what gets no traffic is UNHEALTHY when it is ill, DRAINING when somebody wants it so', async (t) => {
  const { states, world, changes } = await envoy(t);
  changes(world.turn('web', 'b', 'unhealthy', 'connect_timeout'));
  t.same(await states(['web']), ['HEALTHY', 'UNHEALTHY', 'HEALTHY']);
  const say = (backend: string, routable: boolean, because: Parameters<typeof world.table.recordRouting>[2]): void =>
    world.table.recordRouting(world.row('web', backend).slot, routable, because);
  say('a', false, 'maintenance');
  say('b', true, 'fail_open');
  say('c', false, 'weight_zero');
  t.same(await states(['web']), ['DRAINING', 'HEALTHY', 'DRAINING']);
  say('a', false, 'forced_unhealthy');
  say('b', true, 'forced_healthy');
  say('c', false, 'initial');
  t.same(await states(['web']), ['UNHEALTHY', 'HEALTHY', 'UNHEALTHY']);
});

t.test('a backend without a weight drains, since Envoy refuses the weight 0', async (t) => {
  const { discover, plan, world } = await envoy(t);
  world.table.recordWeight(world.row('web', 'a').slot, 0);
  world.table.recordRouting(world.row('web', 'a').slot, false, 'weight_zero');
  plan(world.planMessage());
  const [first] = (await discover(['web'])).resources[0]!.endpoints[0]!.lb_endpoints;
  t.equal(first!.health_status, 'DRAINING');
  t.notOk('load_balancing_weight' in first!);
});

t.test('weights that add up to more than Envoy takes are scaled down, in proportion', async (t) => {
  const present = twoListeners();
  const { discover } = await envoy(t, present);
  for (const [id, weight] of [
    ['a', 4_000_000_000],
    ['b', 2_000_000_000],
    ['c', 1],
  ] as const) {
    present.table.recordWeight(present.row('web', id).slot, weight);
  }
  const weights = (await discover(['web'])).resources[0]!.endpoints[0]!.lb_endpoints.map((one) => one.load_balancing_weight!);
  t.ok(weights.reduce((sum, weight) => sum + weight) <= 0xffff_ffff);
  t.equal(Math.round((weights[0]! / weights[1]!) * 1e6), 2e6);
  t.equal(weights[2], 1);
});

t.test('304 where nothing changed; the version is of the content that was asked for', async (t) => {
  const { discover, post, world, changes } = await envoy(t);
  const first = await discover(['web']);
  const same = await post(discoveryRequest(['web'], first.version_info));
  t.equal(same.statusCode, 304);
  t.equal(same.body, '');
  changes(world.turn('dns', 'd', 'unhealthy', 'connect_refused'));
  t.equal((await post(discoveryRequest(['web'], first.version_info))).statusCode, 304, 'another listener changed');
  t.not((await discover(['dns'], first.version_info)).version_info, first.version_info, 'the same revision of other clusters');
  changes(world.turn('web', 'a', 'unhealthy', 'connect_refused'));
  const second = await discover(['web'], first.version_info);
  t.not(second.version_info, first.version_info);
  t.equal((await post(discoveryRequest(['web'], second.version_info))).statusCode, 304);
});

t.test('the version of another daemon is not believed, though its revisions be the same', async (t) => {
  const [one, other] = [await envoy(t), await envoy(t)];
  one.changes(one.world.turn('web', 'a', 'unhealthy', 'connect_refused'));
  other.changes(other.world.turn('web', 'b', 'unhealthy', 'connect_refused'));
  t.equal(one.world.revision, other.world.revision);
  const { version_info: version } = await one.discover(['web']);
  t.match(version, new RegExp(`^${one.state.epoch}:${one.world.revision}-[0-9a-f]{12}$`));
  const answer = await other.discover(['web'], version);
  t.not(answer.version_info, version);
  t.same(
    answer.resources[0]!.endpoints[0]!.lb_endpoints.map(({ health_status }) => health_status),
    ['HEALTHY', 'UNHEALTHY', 'HEALTHY'],
  );
});

t.test('other options make another version, though nothing changed', async (t) => {
  const { discover, apply } = await envoy(t, twoListeners(), { clusters: { svc: 'web' } });
  const before = await discover(['svc'], '');
  await apply([{ type: 'envoy', options: { hold: '0s', clusters: { svc: 'dns' } } }]);
  const after = await discover(['svc'], before.version_info);
  t.not(after.version_info, before.version_info);
});

t.test('clusters may have other names than listeners', async (t) => {
  const { discover } = await envoy(t, twoListeners(), { clusters: { 'edge/web': 'web', __proto__2: 'web' } });
  t.same(
    (await discover(['edge/web'])).resources.map(({ cluster_name }) => cluster_name),
    ['edge/web'],
  );
  t.same((await discover(['web'])).resources.length, 1, 'the listener’s own name works, too');
  t.same(
    (await discover([])).resources.map(({ cluster_name }) => cluster_name),
    ['edge/web', '__proto__2', 'dns'],
    'no names: all there are',
  );
  t.same((await discover(['__proto__', 'constructor'])).resources, []);
});

t.test('of what is not known, or has no backends, nothing is said: Envoy keeps what it has', async (t) => {
  const present = twoListeners({ web: { backends: ['a'] }, empty: { backends: [] } });
  const { discover, shown } = await envoy(t, present);
  t.same(
    (await discover(['web', 'wib', 'empty'])).resources.map(({ cluster_name }) => cluster_name),
    ['web'],
  );
  t.equal(shown().state.state, 'failing');
  t.match(shown().state.problem, /Envoy asks for wib, and no listener is named so.*empty has no backends/);
  t.same((await discover(['wib'])).resources, []);
  const long = 'x'.repeat(1000);
  await discover(Array.from({ length: 1000 }, (_, place) => `${place}${long}`));
  t.ok(shown().state.problem!.length < 1000, 'names are told in short');
});

t.test('vitald that has just started answers 503, and Envoy keeps its endpoints', async (t) => {
  const present = new FrontWorld({ web: { backends: ['a', 'b'] }, off: { backends: ['c'], check: { enabled: false } } });
  const { post, discover, states, changes, shown } = await envoy(t, present);
  const refused = await post(discoveryRequest(['web']));
  t.equal(refused.statusCode, 503);
  t.equal(refused.json<{ code: string }>().code, 'unavailable');
  t.match(shown().state, { state: 'failing', problem: /web has too few verdicts yet/ });
  changes(present.turn('web', 'a', 'healthy', 'ok'));
  t.equal((await post(discoveryRequest(['web']))).statusCode, 503, 'the first that passes would get all the traffic');
  t.same(await states(['off', 'web']), ['HEALTHY'], 'listeners without checks wait for nothing');
  changes(present.turn('web', 'b', 'unhealthy', 'connect_refused'));
  t.same(await states(['web']), ['HEALTHY', 'UNHEALTHY']);
  t.equal((await discover([])).resources.length, 2);
});

t.test('a held request is answered as soon as something changes in its clusters', async (t) => {
  const { discover, post, world, changes, shown } = await envoy(t, twoListeners(), { hold: '20s' });
  const { version_info: version } = await discover(['web']);
  const held = post(discoveryRequest(['web'], version));
  await eventually('it to be held', () => shown().state.details['held_requests'] === 1);
  changes(world.turn('dns', 'd', 'unhealthy', 'connect_refused'));
  await new Promise((resolve) => setImmediate(resolve));
  t.equal(shown().state.details['held_requests'], 1, 'other clusters do not concern it');
  changes(world.turn('web', 'c', 'unhealthy', 'connect_refused'));
  const answer = await held;
  t.equal(answer.statusCode, 200);
  t.same(
    answer.json<DiscoveryResponse>().resources[0]!.endpoints[0]!.lb_endpoints.map((one) => one.health_status),
    ['HEALTHY', 'HEALTHY', 'UNHEALTHY'],
  );
  t.equal(shown().state.details['held_requests'], 0);
});

t.test('a held request ends with 304 when its time is over, or when vitald stops', async (t) => {
  const brief = await envoy(t, twoListeners(), { hold: '20ms' });
  const { version_info: version } = await brief.discover(['web']);
  t.equal((await brief.post(discoveryRequest(['web'], version))).statusCode, 304);
  const long = await envoy(t, twoListeners(), { hold: '10m' });
  const held = long.post(discoveryRequest(['web'], (await long.discover(['web'])).version_info));
  await eventually('it to be held', () => long.shown().state.details['held_requests'] === 1);
  long.state.waiters.close();
  t.equal((await held).statusCode, 304);
});

t.test('a client that goes away is forgotten', async (t) => {
  const { app, discover, shown } = await envoy(t, twoListeners(), { hold: '10m' });
  const { version_info: version } = await discover(['web']);
  const url = await app.listen({ port: 0, host: '127.0.0.1' });
  const sent = request(`${url}/v3/discovery:endpoints`, { method: 'POST', agent: false, headers: { 'content-type': 'application/json' } });
  sent.on('error', () => undefined).end(JSON.stringify(discoveryRequest(['web'], version)));
  await eventually('it to be held', () => shown().state.details['held_requests'] === 1);
  sent.destroy();
  await eventually('it to be forgotten', () => shown().state.details['held_requests'] === 0);
});

t.test('both forms of field names are read, as protocol buffers want it', async (t) => {
  const { post, discover } = await envoy(t);
  const { version_info: versionInfo } = await discover(['web']);
  t.equal((await post({ versionInfo, resourceNames: ['web'], typeUrl })).statusCode, 304);
});

t.test('what is no request of this kind is refused, whatever it is', async (t) => {
  const { post, app } = await envoy(t);
  const other = await post({ type_url: 'type.googleapis.com/envoy.config.cluster.v3.Cluster' });
  t.match(other.json(), { status: 400, code: 'bad_request', detail: /one type only/ });
  for (const body of [
    [],
    { resource_names: 'web' },
    { resource_names: [{}] },
    { version_info: {} },
    { node: 'x' },
    { resource_names: Array(10_001).fill('x') },
  ]) {
    t.equal((await post(body)).statusCode, 400, JSON.stringify(body).slice(0, 60));
  }
  const answer = await app.inject({
    method: 'POST',
    url: '/v3/discovery:endpoints',
    body: '{"resource_names":',
    headers: { 'content-type': 'application/json' },
  });
  t.equal(answer.statusCode, 400);
  t.equal((await post({ x: 'x'.repeat(1024 * 1024) })).statusCode, 413);
  t.equal((await app.inject({ method: 'GET', url: '/v3/discovery:endpoints' })).statusCode, 405);
  const hostile = await post({ node: { id: '<script>'.repeat(1000) }, resource_names: ['web'] });
  t.equal(hostile.statusCode, 200);
});

t.test('it says who asks, and how often', async (t) => {
  const { discover, shown, get } = await envoy(t);
  t.match(shown().state, { state: 'idle', successes: 0, details: { last_asked_by: null } });
  await discover(['web']);
  t.match(shown().state, { state: 'ok', successes: 1, failures: 0, problem: undefined, details: { last_asked_by: 'envoy-1' } });
  t.match((await get('/v1/outputs')).json(), {
    outputs: [{ name: 'envoy', state: 'ok', behind: null, details: { last_asked_by: 'envoy-1' } }],
  });
});

t.test('20,000 endpoints come in pieces over a real connection', async (t) => {
  const ids = Array.from({ length: 20_000 }, (_, place) => `b${place}`);
  const present = new FrontWorld({ web: { backends: ids } }, 32_768);
  for (const id of ids) present.turn('web', id, 'healthy', 'ok');
  const { app } = await envoy(t, present);
  const url = await app.listen({ port: 0, host: '127.0.0.1' });
  const sent = request(`${url}/v3/discovery:endpoints`, { method: 'POST', agent: false, headers: { 'content-type': 'application/json' } });
  sent.end(JSON.stringify(discoveryRequest(['web'])));
  const [answer] = (await once(sent, 'response')) as [IncomingMessage];
  t.equal(answer.headers['transfer-encoding'], 'chunked');
  const { resources } = JSON.parse(await text(answer)) as DiscoveryResponse;
  t.equal(resources[0]!.endpoints[0]!.lb_endpoints.length, ids.length);
});

t.test('without the output in the configuration there is none', async (t) => {
  const { app } = await outputsOf(t, twoListeners(), []);
  const answer = await app.inject({ method: 'POST', url: '/v3/discovery:endpoints', body: discoveryRequest(['web']) });
  t.match(answer.json(), { status: 404, code: 'output_not_configured', detail: /docs\/outputs\/envoy\.md/ });
});
