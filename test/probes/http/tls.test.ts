import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TLSSocket } from 'node:tls';
import t from 'tap';
import { httpKind, httpsKind } from '#vitald/probes/http/kind.js';
import { selfSigned, type Identity } from '../../support/certificates.js';
import { machinePace } from '../../support/pace.js';
import { Bench, until } from '../../support/real-context.js';
import { answersAndStays, misbehaviours, ok } from '../../support/servers/behaviours.js';
import { closedPort, serve } from '../../support/servers/server.js';

const https = new Bench(httpsKind);
const http = new Bench(httpKind);
const folder = mkdtempSync(join(tmpdir(), 'vitald-tls-'));
t.teardown(() => {
  https.close();
  http.close();
  rmSync(folder, { recursive: true });
});

const valid = selfSigned(['app.example', '127.0.0.1']);
const otherName = selfSigned(['other.example']);
const expired = selfSigned(['app.example', '127.0.0.1'], [-10, -1]);

function trusting(identity: Identity, more: Record<string, unknown> = {}): { tls: Record<string, unknown> } {
  const file = join(folder, `${Math.random()}.pem`);
  writeFileSync(file, identity.cert);
  return { tls: { verify: true, ca_file: file, ...more } };
}

t.test('any certificate is accepted unless the check verifies', async (t) => {
  for (const identity of [valid, otherName, expired]) {
    const server = await serve(ok, { identity });
    t.match(await https.run(server), { reason: 'ok', detail: 'HTTP 200' });
    await until(() => server.open === 0);
    t.same(server.endings, [''], 'a clean end');
    await server.close();
  }
});

const judged: { what: string; identity: Identity; options: Record<string, unknown>; reason: string; detail: string }[] = [
  {
    what: 'a certificate for the server name',
    identity: valid,
    options: trusting(valid, { server_name: 'app.example' }),
    reason: 'ok',
    detail: 'HTTP 200',
  },
  {
    what: 'a certificate for the backend’s address, where no name is known',
    identity: valid,
    options: trusting(valid),
    reason: 'ok',
    detail: 'HTTP 200',
  },
  {
    what: 'a certificate for another name',
    identity: otherName,
    options: trusting(otherName, { server_name: 'app.example' }),
    reason: 'tls_certificate_invalid',
    detail: 'the certificate is not for app.example',
  },
  {
    what: 'an expired certificate',
    identity: expired,
    options: trusting(expired),
    reason: 'tls_certificate_invalid',
    detail: 'the certificate has expired',
  },
  {
    what: 'a certificate of an unknown authority',
    identity: valid,
    options: { tls: { verify: true } },
    reason: 'tls_certificate_invalid',
    detail: 'the certificate is self-signed',
  },
];

for (const { what, identity, options, reason, detail } of judged) {
  t.test(`with verify, ${what} ends as ${reason}`, async (t) => {
    const server = await serve(ok, { identity });
    t.teardown(() => server.close());
    t.match(await https.run(server, { options }), { reason, detail });
    await until(() => server.open === 0);
  });
}

t.test('the server name is sent, or the configured host where it is a name, never an address', async (t) => {
  const names: unknown[] = [];
  const server = await serve(
    (socket, count) => {
      names.push((socket as TLSSocket & { servername: unknown }).servername);
      ok(socket, count);
    },
    { identity: valid },
  );
  t.teardown(() => server.close());
  for (const options of [
    { tls: { server_name: 'a.example' }, host: 'b.example' },
    { host: 'b.example:8443' },
    { host: '192.0.2.1:8443' },
    { host: '[2001:db8::1]' },
    {},
  ]) {
    t.match(await https.run(server, { options }), { reason: 'ok' });
  }
  t.same(names, ['a.example', 'b.example', false, false, false]);
});

t.test('an https check of a port that speaks plain HTTP says so', async (t) => {
  const server = await serve((socket) => socket.once('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')));
  t.teardown(() => server.close());
  t.match(await https.run(server), { reason: 'tls_handshake_failed', detail: 'what came back is not TLS: the port may speak plain text' });
});

t.test('a plain check of a TLS port fails, and says what it met', async (t) => {
  const server = await serve(ok, { identity: valid });
  t.teardown(() => server.close());
  const ended = await http.run(server);
  t.ok(['response_closed', 'response_malformed', 'connect_reset'].includes(ended.reason), `${ended.reason}: ${ended.detail}`);
});

t.test('below TLS, each ending has its reason', async (t) => {
  const cases = [
    ['silent after accept', /^tls_timeout: connected in \d+ ms, then the TLS handshake was not finished$/],
    ['half-closes and goes on reading', /^tls_handshake_failed: the backend closed the connection during the handshake$/],
    ['resets at once', /^connect_reset|^tls_handshake_failed/],
    ['speaks before it is asked', /^tls_handshake_failed: what came back is not TLS/],
  ] as const;
  for (const [what, expected] of cases) {
    const server = await serve(misbehaviours[what]);
    const { reason, detail } = await https.run(server, { timeoutMs: 200 * (await machinePace()) });
    t.match(`${reason}: ${detail}`, expected, what);
    await until(() => server.open === 0);
    await server.close();
  }
  t.match(await https.run(await closedPort()), { reason: 'connect_refused', detail: '' });
});

t.test('a backend that demands a client certificate says so after the handshake', async (t) => {
  const server = await serve(ok, { identity: valid, demandsClientCertificate: true });
  t.teardown(() => server.close());
  t.match(await https.run(server), { reason: 'tls_handshake_failed', detail: 'the backend demands a client certificate' });
});

t.test('a TLS connection is kept with reuse', async (t) => {
  const server = await serve(answersAndStays('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'), { identity: valid });
  t.teardown(() => server.close());
  const target = https.target(server, { options: { reuse: true } });
  for (let i = 0; i < 3; i++) t.match(await https.probeTarget(target), { reason: 'ok' });
  t.equal(server.accepted, 1);
  https.probe.cancel(target);
  await until(() => server.open === 0);
});

t.test('a CA file that has vanished stops the start with a sentence', async (t) => {
  const compiled = https.probe.compile({
    timeoutMs: 1000,
    source: undefined,
    interface: undefined,
    options: { tls: { verify: true, ca_file: '/nonexistent/ca.pem' } },
  });
  t.equal(https.probe.ready(compiled).error, 'https check: "/nonexistent/ca.pem" cannot be read: ENOENT');
});

t.test('inside of TLS, what a backend sends without end is not read without end', async (t) => {
  for (const what of ['sends endless headers', 'sends endless garbage', 'sends an endless body'] as const) {
    const server = await serve(misbehaviours[what], { identity: valid });
    const ended = await https.run(server, { options: { method: 'GET' } });
    t.ok(['response_too_large', 'response_malformed', 'ok'].includes(ended.reason), `${what}: ${ended.reason}`);
    await until(() => server.open === 0);
    t.ok(server.bytesSent < 16 * 1024 * 1024, `the backend got rid of ${server.bytesSent} bytes`);
    await server.close();
  }
});
