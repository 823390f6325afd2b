import { spawnSync } from 'node:child_process';
import t, { type Test } from 'tap';
import { RunningDaemon, temporaryFolder } from '../support/daemon.js';
import { eventually } from '../support/eventually.js';
import { missingTools } from '../support/lab/requirements.js';
import { tcpServer } from '../support/loopback.js';
import { Prometheus } from '../support/prometheus.js';
import { closedPort } from '../support/two-backends.js';

const missing = missingTools(['prometheus', 'promtool', 'ss']);
const skip = missing ?? false;
if (missing !== undefined) console.error(`2 end-to-end tests with Prometheus are skipped: ${missing}`);

async function startDaemon(t: Test): Promise<RunningDaemon> {
  const up = await tcpServer('127.0.0.1');
  t.teardown(() => up.close());
  return RunningDaemon.start(t, temporaryFolder(t), {
    config: `
server: { listen: 127.0.0.1:0, state_dir: none }
checker: lb-1
listeners:
  - name: web
    check: { interval: 200ms, timeout: 150ms }
    backends:
      - { address: 127.0.0.1, port: ${up.port}, name: up }
      - { address: 127.0.0.1, port: ${closedPort}, name: down }
  - name: odd-name
    protocol: http
    check: { interval: 200ms, timeout: 150ms }
    backends: [ { address: 127.0.0.1, port: ${up.port}, name: silent } ]
`,
  });
}

t.test('promtool has nothing to say against the metrics', { skip }, async (t) => {
  const daemon = await startDaemon(t);
  await daemon.backendWhen('web', 'down', ({ state }) => state === 'unhealthy');
  const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], {
    input: await daemon.text('/metrics'),
    encoding: 'utf8',
  });
  t.equal(stdout + stderr, '');
  t.equal(status, 0);
});

t.test('Prometheus scrapes the daemon, and its queries answer', { skip }, async (t) => {
  const daemon = await startDaemon(t);
  const prometheus = await Prometheus.start(t, temporaryFolder(t), new URL(daemon.url).host);
  const value = async (expression: string): Promise<string | undefined> => (await prometheus.query(expression))[0]?.value[1];

  await eventually(
    'a scrape after the verdicts',
    async () => (await value('vitald_backend_state{backend="down",state="unhealthy"}')) === '1',
  );
  t.equal(await value('up{job="vitald"}'), '1');
  t.equal(await value('vitald_backend_routable{listener="web",backend="up"}'), '1');
  t.equal(await value('vitald_backend_routable{listener="web",backend="down"}'), '0');
  t.equal(await value('vitald_config_last_reload_successful'), '1');
  t.match(await prometheus.query('vitald_probes_total{listener="web",reason="connect_refused"}'), [{ metric: { outcome: 'fail' } }]);
  await eventually('a rate of probes, from two scrapes', async () => Number(await value('sum(rate(vitald_probes_total[1m]))')) > 0);
  await eventually('a quantile of the histogram', async () => {
    const quantile = Number(await value('histogram_quantile(0.99, sum by (le) (rate(vitald_probe_start_delay_seconds_bucket[1m])))'));
    return quantile > 0 && quantile < 10;
  });
});
