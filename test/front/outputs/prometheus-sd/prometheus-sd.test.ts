import { Ajv2020 } from 'ajv/dist/2020.js';
import t, { type Test } from 'tap';
import { targetsRoute } from '#vitald/front/outputs/prometheus-sd/route.js';
import { targetLabels } from '#vitald/front/outputs/prometheus-sd/targets.js';
import { readFileSync } from 'node:fs';
import { FrontWorld, smallWorld } from '../../../support/front-world.js';
import { outputsOf } from '../../../support/api-with-outputs.js';

interface Group {
  readonly targets: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
}

async function sd(t: Test, world = smallWorld(), options: Record<string, unknown> = { only: 'all' }) {
  const api = await outputsOf(t, world, [{ type: 'prometheus_sd', options }]);
  const groups = async (query = ''): Promise<Group[]> => {
    const answer = await api.get(`/v1/sd${query}`);
    if (answer.statusCode !== 200) throw new Error(answer.body);
    return answer.json<Group[]>();
  };
  return { ...api, groups, world, shown: () => api.outputs.states()[0]! };
}

t.test('every backend is a target, with what vitald knows of it as labels', async (t) => {
  const { groups, get } = await sd(t);
  const all = await groups();
  t.same(all[1], {
    targets: ['10.0.0.2:80'],
    labels: {
      __meta_vitald_checker: 'lb-1',
      __meta_vitald_listener: 'web',
      __meta_vitald_backend: 'app-2',
      __meta_vitald_address: '10.0.0.2',
      __meta_vitald_port: '80',
      __meta_vitald_weight: '10',
      __meta_vitald_state: 'unhealthy',
      __meta_vitald_routable: 'false',
      __meta_vitald_routable_because: 'unhealthy',
    },
  });
  t.same(
    all.map(({ labels }) => labels['__meta_vitald_backend']),
    ['app-1', 'app-2', 'app-3', '[::1]:53'],
  );
  const answer = await get('/v1/sd');
  t.equal(answer.headers['content-type'], 'application/json', 'Prometheus wants it so');
  const { schema } = targetsRoute.schema.response['200']!.content['application/json']!;
  t.ok(new Ajv2020().validate(schema, all));
});

t.test('one listener, or what gets traffic', async (t) => {
  const { groups, get } = await sd(t);
  t.same(
    (await groups('?listener=dns')).map(({ labels }) => labels['__meta_vitald_backend']),
    ['[::1]:53'],
  );
  t.match((await get('/v1/sd?listener=wib')).json(), { code: 'listener_not_found' });
  t.match((await get('/v1/sd?listner=web')).json(), { code: 'bad_request', detail: /did you mean `listener`/ });
  const routable = await sd(t, smallWorld(), { only: 'routable' });
  routable.changes(routable.world.turn('web', 'app-3', 'unhealthy', 'connect_refused'));
  t.same(
    (await routable.groups()).map(({ labels }) => labels['__meta_vitald_backend']),
    ['app-1', '[::1]:53'],
  );
});

t.test('an empty list where there is none', async (t) => {
  const { groups } = await sd(t, new FrontWorld({}));
  t.same(await groups(), []);
});

t.test('right after a start no target is taken away for want of verdicts', async (t) => {
  const all = await sd(t, new FrontWorld({ web: { backends: ['a'] } }));
  t.equal((await all.groups())[0]!.labels['__meta_vitald_state'], 'initial', 'all: it is known who is there');
  const routable = await sd(t, new FrontWorld({ web: { backends: ['a'] } }), { only: 'routable' });
  const answer = await routable.get('/v1/sd');
  t.equal(answer.statusCode, 503);
  t.match(routable.shown().state, { state: 'failing', problem: /too few verdicts/ });
  routable.changes(routable.world.turn('web', 'a', 'healthy', 'ok'));
  t.equal((await routable.groups()).length, 1);
});

t.test('IPv6 addresses stand in brackets', async (t) => {
  const world = new FrontWorld({ web: { backends: ['a'] } });
  const plan = world.plan();
  const [web] = plan.listeners;
  world.plan = () => ({ ...plan, listeners: [{ ...web!, backends: [{ ...web!.backends[0]!, address: '2001:db8::1', family: 6 }] }] });
  const { groups } = await sd(t, world);
  t.same((await groups())[0]!.targets, ['[2001:db8::1]:80']);
});

t.test('it says how often it was asked', async (t) => {
  const { groups, get, shown } = await sd(t);
  t.match(shown(), { behind: undefined, state: { state: 'idle' } });
  await groups();
  t.match(shown(), { state: { state: 'ok', successes: 1, failures: 0, revision: undefined } });
  await get('/v1/sd?listener=wib');
  t.match(shown(), { state: { state: 'failing', failures: 1, problem: /a listener that is not there, "wib": .*write one of web, dns/ } });
});

t.test('with listeners: only their backends are targets, and others are not there', async (t) => {
  const { groups, get, shown } = await sd(t, smallWorld(), { only: 'all', listeners: ['dns'] });
  t.same(
    (await groups()).map(({ labels }) => labels['__meta_vitald_listener']),
    ['dns'],
  );
  t.equal((await get('/v1/sd?listener=web')).statusCode, 404);
  t.match(shown().state, { state: 'failing', problem: /"web": .*write one of dns/ });
});

t.test('its page lists the labels', async (t) => {
  const page = readFileSync('docs/outputs/prometheus-sd.md', 'utf8');
  for (const label of Object.keys(targetLabels)) t.match(page, `\`${label}\``, label);
});
