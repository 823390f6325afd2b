/** Several addresses, one app; what clients may take of it; and how it ends. */
import { once } from 'node:events';
import { Agent, get, type IncomingMessage } from 'node:http';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { selfSigned } from '../../support/certificates.js';
import { temporaryFolder } from '../../support/daemon.js';
import { ask, openEntrances } from '../../support/entrances.js';
import { eventually } from '../../support/eventually.js';
import { testToken } from '../../support/tokens.js';

const limits = { requestsPerSecond: 100_000, connections: 2000, connectionsPerAddress: 1000 };
const bare = 'GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n';

function portOf(url: string): number {
  return Number(new URL(url).port);
}

/** All that comes until the connection ends, however it ends. */
async function told(socket: Socket): Promise<string> {
  let text = '';
  socket.setEncoding('utf8').on('data', (part: string) => (text += part));
  socket.on('error', () => undefined);
  if (!socket.destroyed) await new Promise((resolve) => socket.once('close', resolve));
  return text;
}

t.test('at the second address there are metrics and health, for everybody, and nothing else', async (t) => {
  const token = testToken('read');
  const { url, metricsUrl } = await openEntrances(t, { tokens: [token.plan], metricsListen: { host: '127.0.0.1', port: 0 } });
  const at = metricsUrl();
  t.not(at, url);
  const host = { headers: { host: 'vitald.example.com' } };
  for (const path of ['/metrics', '/healthz', '/readyz']) {
    t.ok([200, 503].includes((await ask(at, path, host)).status), path);
    t.equal((await ask(url, path)).status, 401, `${path} at the other one`);
  }
  for (const path of ['/v1/status', '/', '/docs', '/openapi.json', '/nothing', '/metrics/../v1/status']) {
    t.equal((await ask(at, path, token)).status, 404, path);
  }
  for (const method of ['POST', 'PUT', 'DELETE']) t.equal((await ask(at, '/metrics', { method })).status, 404, method);
  t.equal((await ask(at, '/metrics', { method: 'HEAD' })).status, 200);
});

t.test('localhost is both of its addresses', async (t) => {
  const { url } = await openEntrances(t, {}, 'localhost');
  t.match(url, /^http:\/\/localhost:\d+$/);
  for (const host of ['127.0.0.1', '[::1]']) t.equal((await ask(url.replace('localhost', host), '/healthz')).status, 200, host);
});

t.test('an address that cannot be had is told with the key to change; what was open is closed again', async (t) => {
  const { url } = await openEntrances(t, {});
  const taken = { host: '127.0.0.1', port: portOf(url) };
  await t.rejects(openEntrances(t, { metricsListen: taken }), { code: 'address_in_use', message: /set server\.metrics_listen/ });
  await t.rejects(openEntrances(t, { metricsListen: { host: '203.0.113.7', port: 0 } }), { code: 'address_not_available' });
});

t.test('a connection too many is told so, and the next one after another has ended is served', async (t) => {
  const { url } = await openEntrances(t, { limits: { ...limits, connections: 2 } });
  const port = portOf(url);
  const [first, second] = [connect(port, '127.0.0.1'), connect(port, '127.0.0.1')];
  await Promise.all([once(first, 'connect'), once(second, 'connect')]);
  // The server has taken them once it answers on the last of them.
  second.write(bare);
  await once(second, 'data');
  const refused = await ask(url, '/v1/status');
  t.equal(refused.status, 503);
  t.match(refused.headers, {
    'retry-after': '5',
    'content-type': /^application\/problem\+json/,
    connection: 'close',
    'cache-control': 'no-store',
  });
  t.match(JSON.parse(refused.text), { code: 'too_many_connections', status: 503 });
  const silent = connect(port, '127.0.0.1');
  t.equal(await told(silent), '', 'who says nothing is not kept');
  first.destroy();
  t.ok(await eventually('a place', async () => (await ask(url, '/v1/status')).status === 200));
  second.destroy();
});

t.test('one address leaves room for others', async (t) => {
  const { url } = await openEntrances(t, { limits: { ...limits, connections: 4, connectionsPerAddress: 2 } });
  const agent = new Agent({ keepAlive: true });
  t.teardown(() => agent.destroy());
  const held = await Promise.all([1, 2].map(() => ask(url, '/v1/status?since=1', { agent })));
  t.same(
    held.map(({ status }) => status),
    [200, 200],
  );
  t.equal((await ask(url, '/v1/status', { localAddress: '127.0.0.1' })).status, 503);
  t.equal((await ask(url, '/v1/status', { localAddress: '127.0.0.2' })).status, 200);
});

t.test('with TLS it is the same', async (t) => {
  const folder = temporaryFolder(t);
  const [certFile, keyFile] = [join(folder, 'crt'), join(folder, 'key')];
  const { cert, key } = selfSigned(['127.0.0.1']);
  writeFileSync(certFile, cert);
  writeFileSync(keyFile, key);
  const tls = { certFile, keyFile, clientCaFile: undefined, minVersion: '1.2' } as const;
  const { url } = await openEntrances(t, { tls, limits: { ...limits, connections: 1 } });
  const first = connectTls({ host: '127.0.0.1', port: portOf(url), ca: cert });
  await once(first, 'secureConnect');
  const refused = await ask(url, '/v1/status', { ca: cert });
  t.match([refused.status, refused.headers['retry-after']], [503, '5']);
  first.destroy();
  t.ok(await eventually('a place', async () => (await ask(url, '/v1/status', { ca: cert })).status === 200));
});

t.test('a token that a reload takes away loses what it has open; others keep theirs', async (t) => {
  const [leaving, staying] = [testToken('read', 'leaving'), testToken('read', 'staying')];
  const { url, world, state, reload, lines } = await openEntrances(t, { tokens: [leaving.plan, staying.plan] });
  const held = `/v1/status?since=${world.revision}&wait=1m`;
  const cut = ask(url, held, leaving);
  const kept = ask(url, held, staying);
  await eventually('both to wait', () => state.waiters.size === 2);
  await reload({ tokens: [staying.plan] });
  await t.rejects(cut);
  state.applyChanges([world.turn('web', 'app-3', 'healthy', 'ok')]);
  t.match(JSON.parse((await kept).text), { backends: [{ backend: 'app-3' }] });
  t.equal((await ask(url, '/v1/status', leaving)).status, 401);
  t.notMatch(JSON.stringify(lines), leaving.token);
});

t.test('a reload that takes all credentials away does not open an address that others reach', async (t) => {
  const token = testToken('admin');
  const { url, reload } = await openEntrances(t, { tokens: [token.plan] }, '0.0.0.0');
  t.equal((await ask(url, '/v1/status', token)).status, 200);
  // Right for a configuration that says 127.0.0.1 by now; the address changes only at a restart.
  await reload({});
  const answer = await ask(url, '/v1/status', token);
  t.equal(answer.status, 401);
  t.match(JSON.parse(answer.text), { detail: /restart vitald to move it/ });
  await reload({ isInsecure: true });
  t.equal((await ask(url, '/v1/status')).status, 200);
});

t.test('at the end who waits is answered, and connections that rest are closed', async (t) => {
  const path = join(temporaryFolder(t), 'api.sock');
  const { url, world, state, close, metricsUrl } = await openEntrances(t, {
    metricsListen: { host: '127.0.0.1', port: 0 },
    unixSocket: { path, mode: 0o600, group: undefined, role: 'admin' },
  });
  const agent = new Agent({ keepAlive: true });
  t.teardown(() => agent.destroy());
  for (const [at, options] of [
    [url, {}],
    [metricsUrl(), {}],
    [url, { socketPath: path }],
  ] as const) {
    t.equal((await ask(at, '/healthz', { agent, ...options })).status, 200);
  }
  const waiting = ask(url, `/v1/status?since=${world.revision}&wait=1m`, { agent });
  await eventually('it waits', () => state.waiters.size === 1);
  const startedAt = performance.now();
  await close(100_000);
  t.equal((await waiting).status, 200);
  t.ok(performance.now() - startedAt < 50_000, 'without waiting for the limit');
});

t.test('who does not read the answer is cut when time is up', async (t) => {
  const { url, close } = await openEntrances(t, {});
  const request = get(`${url}/docs/static/swagger-ui-bundle.js`);
  request.on('error', () => undefined);
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  response.on('error', () => undefined).pause();
  await close(100);
  t.pass('it has ended');
});
