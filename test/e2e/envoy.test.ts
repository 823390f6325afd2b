/** Endpoint discovery against the real daemon, asked in the way of Envoy. */
import t from 'tap';
import { RunningDaemon, temporaryFolder } from '../support/daemon.js';
import { EnvoyClient } from '../support/envoy-client.js';
import { eventually } from '../support/eventually.js';
import { tcpServer } from '../support/loopback.js';
import { ownAddress } from '../support/own-address.js';
import { server } from '../support/two-backends.js';

/** Verdicts take three probes, the first ones too: there is a time after each start in which vitald knows nothing. */
const check = { interval: '100ms', timeout: '80ms', healthy_threshold: 3, unhealthy_threshold: 3, initial_passes: 'healthy_threshold' };

async function threeBackends(t: { teardown(fn: () => unknown): void }) {
  const servers = await Promise.all([1, 2, 3].map(() => tcpServer(ownAddress)));
  t.teardown(() => Promise.all(servers.map((one) => one.close())));
  const backends = servers.map(({ port }) => `${ownAddress}:${port}`);
  const config = (listed: readonly string[] = backends, listen = `${ownAddress}:0`): object => ({
    server: { ...server, listen },
    listeners: [{ name: 'web', check, backends: listed }],
    outputs: { envoy: [{ hold: '5s' }] },
  });
  return { servers, backends, config };
}

const healths = (client: EnvoyClient): string => [...(client.present?.endpoints.values() ?? [])].join(' ');

t.test('Envoy learns of a backend that dies and comes back, at once where its request is held', async (t) => {
  const { servers, config } = await threeBackends(t);
  const daemon = await RunningDaemon.start(t, temporaryFolder(t), { config: config() });
  const client = new EnvoyClient(t, daemon.url, 'web');
  await eventually('the first endpoints', () => healths(client) === 'HEALTHY HEALTHY HEALTHY');
  t.equal(client.taken.length, 1, 'all verdicts at once: no answer before there are all of them');

  const { port } = servers[1]!;
  await servers[1]!.close();
  await eventually('the dead one', () => healths(client) === 'HEALTHY UNHEALTHY HEALTHY');
  const back = await tcpServer(ownAddress, undefined, port);
  t.teardown(() => back.close());
  await eventually('its return', () => healths(client) === 'HEALTHY HEALTHY HEALTHY');
  t.equal(client.taken.length, 3, 'one answer for each change');
  t.ok(client.statuses.length < 100, 'held requests, no polling');
  await eventually('vitald to say so', async () => {
    const { outputs } = await daemon.get<{ outputs: { details: { held_requests: number } }[] }>('/v1/outputs');
    return outputs[0]!.details.held_requests === 1;
  });
});

t.test('neither a restart without memory nor a reload that replaces all backends ever empties the pool', async (t) => {
  const { backends, config } = await threeBackends(t);
  const folder = temporaryFolder(t);
  const first = await RunningDaemon.start(t, folder, { config: config() });
  const client = new EnvoyClient(t, first.url, 'web', 5);
  await eventually('the first endpoints', () => healths(client) === 'HEALTHY HEALTHY HEALTHY');

  await first.stop('SIGKILL');
  const before = client.present!.version;
  // At the same address: so the client sees it from its first moment on.
  const listen = new URL(first.url).host;
  const second = await RunningDaemon.start(t, folder, { config: config(backends, listen) });
  await eventually('endpoints from the second one', () => client.present!.version !== before);

  const others = await threeBackends(t);
  second.rewriteConfig(config(others.backends, listen));
  second.signal('SIGHUP');
  await eventually('the new backends', () => others.backends.every((backend) => client.present!.endpoints.has(backend)));
  second.rewriteConfig(config([...backends, ...others.backends], listen));
  second.signal('SIGHUP');
  await eventually('all six', () => healths(client) === Array(6).fill('HEALTHY').join(' '));
  for (const { endpoints } of client.taken) {
    const healthy = [...endpoints.values()].filter((health) => health === 'HEALTHY').length;
    t.ok(healthy >= 2, `no answer took the pool away: ${[...endpoints.values()].join(' ')}`);
  }
});
