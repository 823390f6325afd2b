/** That no secret leaves the real daemon. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import t from 'tap';
import { runToEnd } from '../support/child.js';
import { temporaryFolder } from '../support/daemon.js';
import { ask } from '../support/entrances.js';
import { configOf, entry, reload, start, web } from '../support/idle-daemon.js';
import { testToken } from '../support/tokens.js';

/** Sends bytes as they are. @returns all that comes back */
async function raw(url: string, bytes: string): Promise<string> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  let text = '';
  socket.on('data', (data) => (text += data.toString()));
  socket.on('error', () => undefined);
  socket.end(bytes);
  await once(socket, 'close');
  return text;
}

t.test('no secret leaves it: not in answers, the log at its most talkative, errors, nor check --print', async (t) => {
  const folder = temporaryFolder(t);
  const [known, unknown] = [testToken('operate', 'bot'), testToken('admin', 'stranger')];
  const header = 'Bearer of-the-check-4711';
  const secretive = { ...web, check: { type: 'http', interval: '1h', timeout: '100ms', headers: { Authorization: header } } };
  const config = configOf({ tokens: [entry(known)] }, { listeners: [secretive] });
  const daemon = await start(t, config, folder, ['--log-level', 'trace']);
  const { url } = daemon;
  const heard: string[] = [];
  const basic = (token: string): object => ({ headers: { authorization: `Basic ${Buffer.from(`x:${token}`).toString('base64')}` } });
  const paths = ['/', '/docs', '/openapi.json', '/docs/json', '/metrics', '/healthz', '/v1/status', '/v1/listeners', '/v1/listeners/web'];
  for (const path of [...paths, '/v1/listeners/web/backends/127.9.0.1:9']) {
    for (const options of [{}, known, unknown, basic(known.token), basic(unknown.token)]) heard.push((await ask(url, path, options)).text);
  }
  for (const { token } of [known, unknown]) {
    for (const path of [
      `/${token}`,
      `/v1/listeners/${token}`,
      `/v1/status?token=${token}`,
      `/v1/status?since=${token}`,
      `/v1/status?${token}=1`,
    ]) {
      heard.push((await ask(url, path, known)).text, (await ask(url, path)).text);
    }
    const post = `/v1/listeners/web/backends/127.9.0.1:9/diagnosis?wait=20s`;
    heard.push((await ask(url, post, { method: 'POST', headers: { authorization: `Bearer ${token}` } })).text);
    heard.push(await raw(url, `GET / HTTP/1.1\r\nHost: x\r\nAuthorization Bearer ${token}\r\n\r\n`), await raw(url, `${token}\r\n\r\n`));
    heard.push(await raw(url, `GET / HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\nX: ${'x'.repeat(40_000)}\r\n\r\n`));
  }
  // Mistakes that put the token where its hash belongs.
  for (const tokens of [[{ name: 'a', role: 'read', sha256: known.token }], [known.token], known.token, { [known.token]: 1 }]) {
    t.match(await reload(daemon, configOf({ tokens })), [{ level: 'error' }]);
    heard.push((await runToEnd([process.execPath, 'dist/main.js', 'check', '-c', daemon.configFile])).err);
  }
  daemon.rewriteConfig(config);
  for (const format of [[], ['--json']]) {
    const { out, err } = await runToEnd([process.execPath, 'dist/main.js', 'check', '-c', daemon.configFile, '--print', ...format]);
    t.match(out, 'bot');
    heard.push(out, err);
  }
  const { out, err } = await daemon.stop();
  t.match(out, '"level":"debug"', 'it was talkative');
  const all = [...heard, out, err].join('\n');
  t.ok(all.length > 100_000);
  for (const [what, secret] of Object.entries({ known: known.token, unknown: unknown.token, header, hash: known.plan.sha256 })) {
    for (const form of [secret, Buffer.from(`x:${secret}`).toString('base64'), secret.slice(0, 30)]) t.notOk(all.includes(form), what);
  }
  t.ok(readFileSync(daemon.configFile, 'utf8').includes(known.plan.sha256), 'where it may stand');
});
