/** The output `nginx` with the real nginx and the real daemon. */
import t from 'tap';
import { CountingClient } from '../support/counting-client.js';
import { RunningDaemon, temporaryFolder } from '../support/daemon.js';
import { eventually } from '../support/eventually.js';
import { missingTools } from '../support/lab/requirements.js';
import { config, liveBackends, loaded, up, whoAnswer, writeFirstFile } from '../support/nginx-backends.js';
import { NginxProxy } from '../support/nginx-proxy.js';

const missing = missingTools(['nginx']);
const skip = missing ?? false;
if (missing !== undefined) console.error(`end-to-end tests with nginx are skipped: ${missing}`);

/** A loopback address of this file's own. */
const address = '127.83.0.1';
const proxyUrl = `http://${address}:18350/`;

t.test('no request fails while a backend dies and comes back', { skip }, async (t) => {
  const all = await liveBackends(t, address, 3);
  const folder = temporaryFolder(t);
  const nginx = NginxProxy.withConfig(t, folder, proxyUrl);
  writeFirstFile(nginx, all);
  await nginx.start();
  const client = CountingClient.start(nginx.url, { rate: 100, concurrency: 1000, timeoutMs: 5000 });
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
  t.ok(ok > 100);
});

t.test('100 transitions within a moment are at most one reload a second', { skip }, async (t) => {
  const all = await liveBackends(t, address, 30);
  const folder = temporaryFolder(t);
  const nginx = NginxProxy.withConfig(t, folder, proxyUrl);
  writeFirstFile(nginx, all);
  await nginx.start();
  const daemon = await RunningDaemon.start(t, folder, { config: config(nginx, all) });
  const transitions = (): Promise<number> => daemon.metric('vitald_backend_transitions_total');
  const state = (wanted: string) => daemon.statusWhen((list) => list.slice(1).every(({ state }) => state === wanted));
  await loaded(nginx, all, ...all.map(({ name }) => name));
  const [before, reloadsBefore, begunAt] = [await transitions(), nginx.reloads, performance.now()];
  const flapping = all.slice(1);
  for (let round = 0; round < 2; round++) {
    await Promise.all(flapping.map((backend) => backend.die()));
    await state('unhealthy');
    await Promise.all(flapping.map((backend) => backend.live()));
    await state('healthy');
  }
  const [took, changes] = [(performance.now() - begunAt) / 1000, (await transitions()) - before];
  await all[1]!.die();
  await loaded(nginx, all, ...all.filter((_, place) => place !== 1).map(({ name }) => name));
  const reloads = nginx.reloads - reloadsBefore;
  t.comment(`${changes} transitions in ${took.toFixed(1)} s, then one more: ${reloads} reloads`);
  t.ok(changes >= 100);
  t.ok(reloads >= 1 && reloads <= (performance.now() - begunAt) / 1000 + 1);
  // In the log of nginx, seconds: of three reloads the last comes two seconds after the first.
  const times = nginx.reloadTimes.slice(-reloads);
  for (let index = 2; index < times.length; index++) t.ok(times[index]! - times[index - 2]! >= 1000);
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
