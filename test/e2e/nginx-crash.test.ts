/** What a daemon leaves of nginx’s servers that is killed in the middle. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { companion } from '#vitald/front/outputs/replace-file.js';
import { CountingClient } from '../support/counting-client.js';
import { RunningDaemon, temporaryFolder } from '../support/daemon.js';
import { eventually } from '../support/eventually.js';
import { missingTools } from '../support/lab/requirements.js';
import { config, liveBackends, loaded, whoAnswer, writeFirstFile } from '../support/nginx-backends.js';
import { NginxProxy } from '../support/nginx-proxy.js';
import { ownAddress } from '../support/own-address.js';
import { machinePace } from '../support/pace.js';

const missing = missingTools(['nginx']);
const skip = missing ?? false;
if (missing !== undefined) console.error(`end-to-end tests with nginx are skipped: ${missing}`);

const address = ownAddress;
const proxyUrl = `http://${address}:18350/`;

t.test('a daemon that is killed at any moment leaves a file that the next one makes right', { skip }, async (t) => {
  const all = await liveBackends(t, address, 2);
  const folder = temporaryFolder(t);
  const nginx = NginxProxy.withConfig(t, folder, proxyUrl);
  writeFirstFile(nginx, all);
  await nginx.start();
  const client = CountingClient.start(nginx.url, { rate: 100 / (await machinePace()), concurrency: 1000, timeoutMs: 30_000 });
  t.teardown(() => client.stop());
  // A test that takes its time: most of the kills hit it.
  const slow = { test_command: ['/bin/sh', '-c', 'sleep 0.3; exec "$@"', 'sh', ...nginx.testCommand] };
  const moments = [0, 100, 300];
  for (const [round, moment] of moments.entries()) {
    const daemon = RunningDaemon.launch(folder, { config: config(nginx, all, slow) });
    await daemon.listening();
    if (round % 2 === 0) await all[1]!.die();
    else await all[1]!.live();
    await daemon.statusWhen((list) => list[1]?.state === (round % 2 === 0 ? 'unhealthy' : 'healthy'));
    await new Promise((resolve) => setTimeout(resolve, moment));
    await daemon.stop('SIGKILL');
    t.equal(await nginx.complaint(), undefined, `${moment} ms after the transition`);
  }
  await RunningDaemon.start(t, folder, { config: config(nginx, all) });
  await loaded(nginx, all, 'app-1');
  await all[1]!.live();
  await loaded(nginx, all, 'app-1', 'app-2');
  t.same(await whoAnswer(nginx), ['app-1', 'app-2']);
  t.same((await client.stop()).kinds, {});
});

t.test('a daemon that is killed while a wrong file is tested: the next one takes it back first', { skip }, async (t) => {
  const all = await liveBackends(t, address, 2);
  const folder = temporaryFolder(t);
  const nginx = NginxProxy.withConfig(t, folder, proxyUrl);
  writeFirstFile(nginx, all);
  await nginx.start();
  const before = readFileSync(nginx.upstreamFile, 'utf8');
  const template = join(folder, 'template');
  writeFileSync(template, 'upstream web { wrong }');
  const hanging = { template_file: template, test_command: ['/bin/sleep', '60'] };
  const daemon = RunningDaemon.launch(folder, { config: config(nginx, all, hanging) });
  await eventually('the wrong file', () => readFileSync(nginx.upstreamFile, 'utf8').includes('wrong'));
  await daemon.stop('SIGKILL');
  t.match(await nginx.complaint(), /emerg/);
  t.equal(readFileSync(companion(nginx.upstreamFile, 'previous'), 'utf8'), before);

  const next = await RunningDaemon.start(t, folder, { config: config(nginx, all, { template_file: template }) });
  await next.logged(({ msg }) => msg.startsWith('nginx does not follow'));
  t.equal(readFileSync(nginx.upstreamFile, 'utf8'), before);
  t.equal(await nginx.complaint(), undefined);
});
