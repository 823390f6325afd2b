/** Wrong templates, and an nginx that is not there: with the real one and the real daemon. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { RunningDaemon, temporaryFolder } from '../support/daemon.js';
import { eventually } from '../support/eventually.js';
import { missingTools } from '../support/lab/requirements.js';
import { config, liveBackends, up, whoAnswer, writeFirstFile } from '../support/nginx-backends.js';
import { NginxProxy } from '../support/nginx-proxy.js';
import { ownAddress } from '../support/own-address.js';

const missing = missingTools(['nginx']);
const skip = missing ?? false;
if (missing !== undefined) console.error(`end-to-end tests with nginx are skipped: ${missing}`);

const address = ownAddress;
const proxyUrl = `http://${address}:18350/`;

t.test('a template that nginx does not understand changes nothing, and is mended while all runs', { skip }, async (t) => {
  const all = await liveBackends(t, address, 2);
  const folder = temporaryFolder(t);
  const nginx = NginxProxy.withConfig(t, folder, proxyUrl);
  writeFirstFile(nginx, all);
  await nginx.start();
  const before = readFileSync(nginx.upstreamFile, 'utf8');
  const template = join(folder, 'template');
  const servers = '{{#servers}}server {{endpoint}} max_fails=0{{#down}} down{{/down}};{{/servers}}';
  writeFileSync(template, `{{#listeners}}upstream {{name}} { least_con; ${servers} }{{/listeners}}`);
  const daemon = await RunningDaemon.start(t, folder, { config: config(nginx, all, { template_file: template }) });
  const [line] = await daemon.logged(({ msg }) => msg.startsWith('nginx does not follow'));
  t.match(line!.msg, /nginx refuses the new .*: \[emerg\] unknown directive "least_con" in .*upstreams.conf:1/);
  t.equal(readFileSync(nginx.upstreamFile, 'utf8'), before);
  t.equal(await nginx.complaint(), undefined);
  t.same(await whoAnswer(nginx), ['app-1', 'app-2']);
  t.equal(nginx.reloads, 0);

  writeFileSync(template, `{{#listeners}}upstream {{name}} { least_conn; ${servers} }{{/listeners}}`);
  await daemon.logged(({ msg }) => msg === 'nginx follows the verdicts again');
  t.match(readFileSync(nginx.upstreamFile, 'utf8'), /least_conn/);
  t.same(await whoAnswer(nginx), ['app-1', 'app-2']);
});

t.test('nginx may come later, and find the verdicts', { skip }, async (t) => {
  const all = await liveBackends(t, address, 2);
  await all[0]!.die();
  const folder = temporaryFolder(t);
  const nginx = NginxProxy.withConfig(t, folder, proxyUrl);
  writeFirstFile(nginx, all);
  const daemon = await RunningDaemon.start(t, folder, { config: config(nginx, all) });
  const [line] = await daemon.logged(({ msg }) => msg.startsWith('nginx does not follow'));
  t.match(line!.msg, /nginx has not loaded .*upstreams.conf, which is new and valid: .*nginx.pid.*; is nginx running\?/);
  await eventually('the file', () => String(up(nginx, all)) === 'app-2');
  await nginx.start();
  t.same(await whoAnswer(nginx), ['app-2']);
  await daemon.logged(({ msg }) => msg === 'nginx follows the verdicts again');
});
