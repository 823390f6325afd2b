/** Clients that send a byte now and then, to hold connections for ever (slowloris). */
import { writeFileSync } from 'node:fs';
import { connect, type NetConnectOpts, type Socket } from 'node:net';
import { join } from 'node:path';
import t from 'tap';
import { limits } from '#vitald/front/http/limits.js';
import { selfSigned } from '../../support/certificates.js';
import { temporaryFolder } from '../../support/daemon.js';
import { ask, openEntrances } from '../../support/entrances.js';
import { eventually } from '../../support/eventually.js';
import { RawClient, requestText } from '../../support/raw-client.js';
import { Stopwatch } from '../../support/stopwatch.js';

/** The limit, the interval at which the server checks it, and time for the answers. */
const cutWithinMs = limits.headersTimeoutMs + limits.checkingIntervalMs + 1000;
const each = 20;

/** @returns what it was told, and after how long */
async function drip(options: NetConnectOpts): Promise<{ text: string; ms: number }> {
  const startedAt = performance.now();
  const socket: Socket = connect(options);
  let text = '';
  socket.setEncoding('utf8').on('data', (part: string) => (text += part));
  socket.on('error', () => undefined);
  socket.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Slow: ');
  const dripping = setInterval(() => socket.write('x'), 250);
  await new Promise((resolve) => socket.once('close', resolve));
  clearInterval(dripping);
  return { text, ms: performance.now() - startedAt };
}

t.jobs = 2;

t.test('who is too slow is told so and loses the connection, at every address; others are served meanwhile', async (t) => {
  const path = join(temporaryFolder(t), 'api.sock');
  const { url, metricsUrl } = await openEntrances(t, {
    metricsListen: { host: '127.0.0.1', port: 0 },
    unixSocket: { path, mode: 0o600, group: undefined, role: 'admin' },
  });
  const at = (url: string): NetConnectOpts => ({ host: '127.0.0.1', port: Number(new URL(url).port) });
  const places = [at(url), at(metricsUrl()), { path }];
  const watch = await Stopwatch.start();
  const dripping = Promise.all(places.flatMap((place) => Array.from({ length: each }, () => drip(place))));
  for (const [address, options] of [
    [url, {}],
    [metricsUrl(), {}],
    [url, { socketPath: path }],
  ] as const) {
    t.equal((await ask(address, '/healthz', options)).status, 200);
  }
  const ended = await dripping;
  watch.stop();
  t.equal(ended.length, 3 * each);
  t.ok(ended.every(({ text }) => text.startsWith('HTTP/1.1 408 ') && text.includes('"code":"request_timeout"')));
  t.ok(
    ended.every(({ ms }) => ms >= limits.headersTimeoutMs - 100),
    `none before ${Math.min(...ended.map(({ ms }) => ms))} ms`,
  );
  t.ok(watch.isWithin(cutWithinMs), `all within ${String(watch)}`);
});

t.test('a body that comes a byte at a time is not waited for, and its bytes are free again', async (t) => {
  const { url, holds } = await openEntrances(t, {});
  const headers = { 'content-type': 'application/json', 'content-length': '1000' };
  const watch = await Stopwatch.start();
  const client = new RawClient(t, url).send(requestText('/v1/listeners/web/backends', headers, 'PUT'));
  const dripping = setInterval(() => client.send(' '), 250);
  await eventually('the body to be counted', () => holds.total('request_bodies') === 1000);
  const text = await client.closed();
  clearInterval(dripping);
  t.match(text, /^HTTP\/1\.1 408 /);
  t.ok(watch.isWithin(limits.requestTimeoutMs + limits.checkingIntervalMs + 1000), String(watch));
  await eventually('its bytes to be free', () => holds.total('request_bodies') === 0);
});

t.test('a TLS handshake that does not come is not waited for', async (t) => {
  const folder = temporaryFolder(t);
  const [certFile, keyFile] = [join(folder, 'crt'), join(folder, 'key')];
  const { cert, key } = selfSigned(['127.0.0.1']);
  writeFileSync(certFile, cert);
  writeFileSync(keyFile, key);
  const { url } = await openEntrances(t, { tls: { certFile, keyFile, clientCaFile: undefined, minVersion: '1.2' } });
  const watch = await Stopwatch.start();
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  socket.on('error', () => undefined).resume();
  t.equal((await ask(url, '/healthz', { ca: cert })).status, 200);
  await new Promise((resolve) => socket.once('close', resolve));
  t.ok(watch.isWithin(limits.handshakeTimeoutMs + 1000), String(watch));
});
