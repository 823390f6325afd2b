/** The output `nginx` with the real nginx and the real daemon. */
import t from 'tap';
import { CountingClient } from '../support/counting-client.js';
import { RunningDaemon, temporaryFolder } from '../support/daemon.js';
import { eventually } from '../support/eventually.js';
import { missingTools } from '../support/lab/requirements.js';
import { config, followed, liveBackends, loaded, up, whoAnswer, writeFirstFile } from '../support/nginx-backends.js';
import { NginxProxy } from '../support/nginx-proxy.js';
import { ownAddress } from '../support/own-address.js';
import { machinePace } from '../support/pace.js';

const missing = missingTools(['nginx']);
const skip = missing ?? false;
if (missing !== undefined) console.error(`end-to-end tests with nginx are skipped: ${missing}`);

const address = ownAddress;
const proxyUrl = `http://${address}:18350/`;

t.test('no request fails while a backend dies and comes back', { skip }, async (t) => {
  const all = await liveBackends(t, address, 3);
  const folder = temporaryFolder(t);
  const nginx = NginxProxy.withConfig(t, folder, proxyUrl);
  writeFirstFile(nginx, all);
  await nginx.start();
  const client = CountingClient.start(nginx.url, { rate: 100 / (await machinePace()), concurrency: 1000, timeoutMs: 30_000 });
  t.teardown(() => client.stop());
  await RunningDaemon.start(t, folder, { config: config(nginx, all) });
  await loaded(nginx, all, 'app-1', 'app-2', 'app-3');
  await all[1]!.die();
  await loaded(nginx, all, 'app-1', 'app-3');
  t.same(await whoAnswer(nginx), ['app-1', 'app-3']);
  await all[1]!.live();
  await loaded(nginx, all, 'app-1', 'app-2', 'app-3');
  t.same(await whoAnswer(nginx), ['app-1', 'app-2', 'app-3']);
  const { ok, failed, kinds } = await client.stop();
  t.comment(`${ok} requests, ${failed} failed`);
  t.same(kinds, {});
  t.ok(ok > 20);
});

t.test('100 transitions within a moment are at most one reload a second', { skip }, async (t) => {
  const all = await liveBackends(t, address, 30);
  const folder = temporaryFolder(t);
  const nginx = NginxProxy.withConfig(t, folder, proxyUrl);
  writeFirstFile(nginx, all);
  await nginx.start();
  const daemon = await RunningDaemon.start(t, folder, { config: config(nginx, all, { reload_command: nginx.notedReloadCommand() }) });
  const transitions = (): Promise<number> => daemon.metric('vitald_backend_transitions_total');
  const state = (wanted: string) => daemon.statusWhen((list) => list.slice(1).every(({ state }) => state === wanted));
  await loaded(nginx, all, ...all.map(({ name }) => name));
  await followed(daemon);
  const [before, reloadsBefore] = [await transitions(), nginx.reloads];
  const flapping = all.slice(1);
  for (let round = 0; round < 2; round++) {
    await Promise.all(flapping.map((backend) => backend.die()));
    await state('unhealthy');
    await Promise.all(flapping.map((backend) => backend.live()));
    await state('healthy');
  }
  const changes = (await transitions()) - before;
  await all[1]!.die();
  await daemon.backendWhen('web', 'app-2', ({ state }) => state === 'unhealthy');
  await followed(daemon);
  await loaded(nginx, all, ...all.filter((_, place) => place !== 1).map(({ name }) => name));

  const starts = nginx.reloadStartsMs;
  t.comment(`${changes} transitions, then one more: reloads at ${starts.map((at) => at - starts[0]!).join(', ')} ms`);
  t.ok(changes >= 100);
  t.ok(starts.length >= 2, 'one when the daemon started, and at least one since');
  // From the end of one to the start of the next: however late the machine is, these times are never closer.
  for (let index = 1; index < starts.length; index++) t.ok(starts[index]! - starts[index - 1]! >= 1000);
  await eventually('nginx to take up the last reload', () => nginx.reloads > reloadsBefore);
  t.ok(nginx.reloads <= starts.length, 'nobody else reloads nginx');
});

t.test('where all backends are down, nginx answers so, and goes on when one is back', { skip }, async (t) => {
  const all = await liveBackends(t, address, 2);
  const folder = temporaryFolder(t);
  const nginx = NginxProxy.withConfig(t, folder, proxyUrl);
  writeFirstFile(nginx, all);
  await nginx.start();
  await RunningDaemon.start(t, folder, { config: config(nginx, all) });
  await loaded(nginx, all, 'app-1', 'app-2');
  await Promise.all(all.map((backend) => backend.die()));
  await eventually('a file without servers that are up', () => up(nginx, all).length === 0);
  t.equal(await nginx.complaint(), undefined);
  t.same(await whoAnswer(nginx), ['status 502']);
  await all[0]!.live();
  await loaded(nginx, all, 'app-1');
  t.same(await whoAnswer(nginx), ['app-1']);
});
