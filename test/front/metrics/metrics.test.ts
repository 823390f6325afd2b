import { spawnSync } from 'node:child_process';
import t, { type Test } from 'tap';
import { metricTable } from '#vitald/front/metrics/registry.js';
import { appOf, epoch, FrontWorld, smallWorld } from '../../support/front-world.js';

async function api(t: Test, world = smallWorld()) {
  const api = await appOf(world);
  t.teardown(() => api.app.close());
  const lines = async (name: string): Promise<string[]> =>
    (await api.get('/metrics')).body.split('\n').filter((line) => line.startsWith(name) && /[{ ]/.test(line.charAt(name.length)));
  return { ...api, world, lines };
}

t.test('backends: state, routing, transitions and round trip', async (t) => {
  const { lines } = await api(t);
  t.same(await lines('vitald_backend_state'), [
    'vitald_backend_state{listener="web",backend="app-1",state="healthy"} 1',
    'vitald_backend_state{listener="web",backend="app-2",state="unhealthy"} 1',
    'vitald_backend_state{listener="web",backend="app-3",state="initial"} 1',
    'vitald_backend_state{listener="dns",backend="[::1]:53",state="disabled"} 1',
  ]);
  t.same(await lines('vitald_backend_routable'), [
    'vitald_backend_routable{listener="web",backend="app-1"} 1',
    'vitald_backend_routable{listener="web",backend="app-2"} 0',
    'vitald_backend_routable{listener="web",backend="app-3"} 0',
    'vitald_backend_routable{listener="dns",backend="[::1]:53"} 1',
  ]);
  t.same((await lines('vitald_backend_transitions_total')).slice(0, 4), [
    'vitald_backend_transitions_total{listener="web",backend="app-1",to="healthy"} 1',
    'vitald_backend_transitions_total{listener="web",backend="app-1",to="unhealthy"} 0',
    'vitald_backend_transitions_total{listener="web",backend="app-2",to="healthy"} 0',
    'vitald_backend_transitions_total{listener="web",backend="app-2",to="unhealthy"} 1',
  ]);
  t.same(await lines('vitald_backend_last_probe_rtt_seconds'), [
    'vitald_backend_last_probe_rtt_seconds{listener="web",backend="app-1"} 0.0012',
  ]);
});

t.test('listeners: backends by state, probes by reason', async (t) => {
  const { lines } = await api(t);
  t.same((await lines('vitald_backends')).slice(0, 4), [
    'vitald_backends{listener="web",state="initial"} 1',
    'vitald_backends{listener="web",state="healthy"} 1',
    'vitald_backends{listener="web",state="unhealthy"} 1',
    'vitald_backends{listener="web",state="disabled"} 0',
  ]);
  t.same(await lines('vitald_probes_total'), [
    'vitald_probes_total{listener="web",outcome="pass",reason="ok"} 1',
    'vitald_probes_total{listener="web",outcome="fail",reason="status_mismatch"} 1',
    'vitald_probes_total{listener="dns",outcome="pass",reason="ok"} 0',
  ]);
});

t.test('histograms are cumulative and end in +Inf, sum and count', async (t) => {
  const { lines, world } = await api(t);
  world.probe('web', 'app-1', 'ok', 0.05);
  world.probe('web', 'app-1', 'ok', 60_000);
  const rtt = (await lines('vitald_probe_rtt_seconds_bucket')).filter((line) => line.includes('"web"'));
  t.equal(rtt[0], 'vitald_probe_rtt_seconds_bucket{listener="web",type="http",le="0.0001"} 1');
  t.equal(
    rtt.find((line) => line.includes('le="0.0025"')),
    'vitald_probe_rtt_seconds_bucket{listener="web",type="http",le="0.0025"} 2',
  );
  t.equal(
    rtt.find((line) => line.includes('le="10"')),
    'vitald_probe_rtt_seconds_bucket{listener="web",type="http",le="10"} 2',
  );
  t.equal(rtt.at(-1), 'vitald_probe_rtt_seconds_bucket{listener="web",type="http",le="+Inf"} 3');
  t.match((await lines('vitald_probe_rtt_seconds_sum'))[0], /\} 60\.00125/);
  t.equal((await lines('vitald_probe_rtt_seconds_count'))[0], 'vitald_probe_rtt_seconds_count{listener="web",type="http"} 3');
  world.counters.countStartDelay(3);
  t.same((await lines('vitald_probe_start_delay_seconds_bucket')).slice(2, 4), [
    'vitald_probe_start_delay_seconds_bucket{le="0.002"} 0',
    'vitald_probe_start_delay_seconds_bucket{le="0.005"} 1',
  ]);
  t.same(await lines('vitald_probe_start_delay_seconds_count'), ['vitald_probe_start_delay_seconds_count 1']);
});

t.test('reloads and the build', async (t) => {
  const { lines, state } = await api(t);
  t.same(await lines('vitald_build_info'), ['vitald_build_info{version="1.2.3",node="v24.0.0"} 1']);
  state.applyReload({ type: 'reload', ok: false, at: epoch + 5000 });
  t.same(await lines('vitald_config_last_reload_successful'), ['vitald_config_last_reload_successful 0']);
  t.same(await lines('vitald_config_last_reload_success_timestamp_seconds'), [
    `vitald_config_last_reload_success_timestamp_seconds ${epoch / 1000}`,
  ]);
  state.applyReload({ type: 'reload', ok: true, at: epoch + 6000 });
  t.same(await lines('vitald_config_last_reload_successful'), ['vitald_config_last_reload_successful 1']);
  t.same(await lines('vitald_config_last_reload_success_timestamp_seconds'), [
    `vitald_config_last_reload_success_timestamp_seconds ${epoch / 1000 + 6}`,
  ]);
});

t.test('series of removed backends disappear', async (t) => {
  const { lines, state, world } = await api(t);
  state.applyPlan(world.reconfigure({ web: { backends: ['app-3'] } }));
  t.same(await lines('vitald_backend_state'), ['vitald_backend_state{listener="web",backend="app-3",state="initial"} 1']);
});

t.test('names of any characters are escaped', async (t) => {
  const { lines } = await api(t, new FrontWorld({ 'a"b': { backends: ['c\\d\ne'] } }));
  t.same(await lines('vitald_backend_routable'), ['vitald_backend_routable{listener="a\\"b",backend="c\\\\d\\ne"} 0']);
});

t.test('scrapers that come together share one scrape; every metric of the table is there', async (t) => {
  const { get } = await api(t);
  const [one, other] = await Promise.all([get('/metrics'), get('/metrics')]);
  t.equal(one.body, other.body);
  t.match(one.headers['content-type'], 'text/plain; version=0.0.4');
  for (const { name, type, help } of metricTable) {
    t.ok(one.body.includes(`# TYPE ${name} ${type}\n`), name);
    t.ok(one.body.includes(`# HELP ${name} ${help}\n`), name);
  }
  t.match(one.body, 'process_resident_memory_bytes');
});

const promtool = spawnSync('promtool', ['--version']).error ? 'promtool is not installed' : false;

t.test('promtool finds nothing to complain of', { skip: promtool }, async (t) => {
  const { get } = await api(t);
  const check = spawnSync('promtool', ['check', 'metrics'], { input: (await get('/metrics')).body, encoding: 'utf8' });
  t.equal(check.stderr + check.stdout, '');
  t.equal(check.status, 0);
});
