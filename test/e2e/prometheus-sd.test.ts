import t, { type Test } from 'tap';
import { RunningDaemon, temporaryFolder } from '../support/daemon.js';
import { eventually } from '../support/eventually.js';
import { missingTools } from '../support/lab/requirements.js';
import { tcpServer } from '../support/loopback.js';
import { Prometheus, type Target } from '../support/prometheus.js';
import { closedPort, quick, server } from '../support/two-backends.js';

const missing = missingTools(['prometheus', 'ss']);
const skip = missing ?? false;
if (missing !== undefined) console.error(`1 end-to-end test with Prometheus is skipped: ${missing}`);

const meta = (target: Target | undefined, name: string): string | undefined => target?.discoveredLabels[`__meta_vitald_${name}`];

t.test('real Prometheus takes the backends as targets, follows them, and keeps them while vitald is away', { skip }, async (t: Test) => {
  const [first, second] = [await tcpServer('127.0.0.1'), await tcpServer('127.0.0.1')];
  t.teardown(() => Promise.all([first.close(), second.close()]));
  const backends = [
    { address: '127.0.0.1', port: first.port, name: 'first' },
    { address: '127.0.0.1', port: second.port, name: 'second' },
    { address: '127.0.0.1', port: closedPort, name: 'down' },
  ];
  const config = (names: readonly string[]): object => ({
    server,
    checker: 'lb-1',
    listeners: [{ name: 'web', check: quick, backends: backends.filter(({ name }) => names.includes(name)) }],
    outputs: { prometheus_sd: [{}] },
  });
  const daemon = await RunningDaemon.start(t, temporaryFolder(t), { config: config(['first', 'second', 'down']) });
  const prometheus = await Prometheus.startWith(t, temporaryFolder(t), [
    {
      job_name: 'backends',
      http_sd_configs: [{ url: `${daemon.url}/v1/sd`, refresh_interval: '1s' }],
      relabel_configs: [{ source_labels: ['__meta_vitald_backend'], target_label: 'backend' }],
    },
  ]);
  const targetsWhen = (what: string, wanted: (of: (name: string) => Target | undefined, all: readonly Target[]) => boolean) =>
    eventually(what, async () => {
      const all = await prometheus.targets();
      return wanted((name) => all.find(({ labels }) => labels['backend'] === name), all) && all;
    });

  const found = await targetsWhen(
    'all targets with their verdicts',
    (of) => meta(of('down'), 'state') === 'unhealthy' && meta(of('first'), 'state') === 'healthy',
  );
  t.same(found.map(({ labels }) => labels['backend']).sort(), ['down', 'first', 'second']);
  const one = found.find(({ labels }) => labels['backend'] === 'first');
  t.match(one, {
    scrapeUrl: `http://127.0.0.1:${first.port}/metrics`,
    labels: { instance: `127.0.0.1:${first.port}`, job: 'backends' },
    discoveredLabels: {
      __meta_vitald_checker: 'lb-1',
      __meta_vitald_listener: 'web',
      __meta_vitald_routable: 'true',
      __meta_vitald_weight: '1',
    },
  });

  await second.close();
  await targetsWhen(
    'a backend that dies',
    (of) => meta(of('second'), 'routable') === 'false' && meta(of('second'), 'routable_because') === 'unhealthy',
  );

  daemon.rewriteConfig(config(['first', 'second']));
  daemon.signal('SIGHUP');
  await targetsWhen('a backend that is removed', (of, all) => of('down') === undefined && all.length === 2);
  t.match((await daemon.get<{ outputs: object[] }>('/v1/outputs')).outputs, [{ name: 'prometheus_sd', state: 'ok', problem: null }]);

  await daemon.stop();
  const failuresBefore = await failures(prometheus);
  await eventually('Prometheus to ask in vain', async () => (await failures(prometheus)) > failuresBefore);
  t.equal((await prometheus.targets()).length, 2);
});

/** How often Prometheus could not read the list. Its own metrics are at the address of its API. */
async function failures(prometheus: Prometheus): Promise<number> {
  const line = (await prometheus.ownMetrics()).split('\n').find((one) => one.startsWith('prometheus_sd_http_failures_total '));
  return Number(line?.split(' ')[1] ?? 0);
}
