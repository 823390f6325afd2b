/** Canary secrets in the configuration and the environment of the real daemon: no output has them. */
import { writeFileSync } from 'node:fs';
import t from 'tap';
import { runToEnd } from '../support/child.js';
import { temporaryFolder } from '../support/daemon.js';
import { ask } from '../support/entrances.js';
import { configOf, reload, start, web } from '../support/idle-daemon.js';

const canary = 'S3CRETc4nary';
const sought = /s3cretc4nary/i;

/** Values of secret options, in a configuration that is right. */
const secretive = {
  listeners: [{ ...web, check: { type: 'http', interval: '1h', timeout: '100ms', headers: { Authorization: `Bearer ${canary}` } } }],
  outputs: {
    webhook: [{ url: `http://u:${canary}@127.0.0.1:9/${canary}?k=${canary}`, secret: `${canary}${canary}`, headers: { Cookie: canary } }],
    command: [{ command: ['/bin/sh', '-c', 'echo $HOOK_TOKEN >&2; exit 1'], env: { HOOK_TOKEN: canary } }],
    alertmanager: [{ url: `http://u:${canary}@127.0.0.1:9/` }],
  },
};

/** Each is wrong, with the canary where it does not belong. */
const mistakes: readonly object[] = [
  configOf({ tokens: [{ name: 'a', role: canary, sha256: canary }, canary, { [canary]: canary }] }),
  configOf({ listen: `u:${canary}`, metrics_listen: canary, allowed_networks: [canary], names: [`http://${canary}`], limits: canary }),
  configOf({ [canary]: 1 }, { [canary]: { [canary]: canary } }),
  configOf({}, { listeners: [{ ...web, name: `${canary} x`, protocol: canary, port: canary, profile: canary }] }),
  configOf(
    {},
    { listeners: [{ ...web, check: { path: canary, host: `u:${canary}@h`, headers: { [`x ${canary}`]: canary, 'X-A': [canary] } } }] },
  ),
  configOf({}, { listeners: [{ ...web, backends: [`http://u:${canary}@10.0.0.1`, { address: canary }, { [canary]: canary }] }] }),
  configOf({}, { outputs: { webhook: [{ url: `${canary}://h` }, canary, { url: canary, secret: [canary] }], [canary]: [canary] } }),
];

t.test('a running daemon shows no canary: log, API, errors, metrics, and reloads that fail', async (t) => {
  const daemon = await start(t, configOf({}, secretive), temporaryFolder(t), ['--log-level', 'trace']);
  const heard: string[] = [];
  const paths = [
    '/',
    '/metrics',
    '/healthz',
    '/readyz',
    '/v1/status',
    '/v1/listeners',
    '/v1/listeners/web',
    '/v1/outputs',
    '/openapi.json',
  ];
  for (const path of [...paths, '/v1/nothing', '/v1/listeners/nothing', '/v1/status?nothing=1', '/v1/listeners/web/backends/127.9.0.1:9']) {
    heard.push((await ask(daemon.url, path)).text);
  }
  const probed = await ask(daemon.url, '/v1/listeners/web/backends/127.9.0.1:9/probe', { method: 'POST' });
  heard.push(probed.text);
  for (const mistake of mistakes) t.match(await reload(daemon, mistake), [{ level: 'error' }]);
  heard.push((await ask(daemon.url, '/metrics')).text, (await ask(daemon.url, '/v1/status')).text);
  const { out, err } = await daemon.stop();
  t.match(out, 'is not valid');
  const all = [...heard, out, err].join('\n');
  const found = sought.exec(all);
  t.equal(found, null, found === null ? '' : all.slice(Math.max(0, found.index - 300), found.index + 50));
});

t.test('a daemon that does not start, and check, tell of no canary of the environment', async (t) => {
  const file = `${temporaryFolder(t)}/vitald.yaml`;
  const check = 'check: { path: "${S3}", host: "u:${S3}@h", interval: "${S3}" }';
  const lines = ['name: "${S3}"', 'protocol: "${S3}"', 'port: ${S3}', check, 'backends: ["${S3}"]', 'x: ${S3}'];
  writeFileSync(file, `listeners:\n  - ${lines.join('\n    ')}\n`);
  for (const command of [['run'], ['check', '--print', '--json'], ['check', '--strict'], ['diagnose', 'web', 'app']]) {
    const { out, err, exitCode } = await runToEnd(['env', `S3=${canary}`, process.execPath, 'dist/main.js', ...command, '-c', file]);
    t.equal(exitCode, 1, command.join(' '));
    t.notMatch(out + err, sought, command.join(' '));
  }
});
