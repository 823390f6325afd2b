import { writeFileSync } from 'node:fs';
import { Agent } from 'node:https';
import { join } from 'node:path';
import { connect } from 'node:tls';
import t, { type Test } from 'tap';
import { X509Certificate } from 'node:crypto';
import type { AccessPlan } from '#vitald/config/plan.js';
import { readTlsFiles } from '#vitald/front/listen/tls-files.js';
import { Authority } from '../../support/authority.js';
import { selfSigned, type Identity } from '../../support/certificates.js';
import { temporaryFolder } from '../../support/daemon.js';
import { ask, openEntrances } from '../../support/entrances.js';
import { testToken } from '../../support/tokens.js';
import { skipWithout } from '../../support/tools.js';

const skip = skipWithout('openssl');

/** Files as the configuration names them; `write` replaces the server's. */
function files(t: Test) {
  const folder = temporaryFolder(t);
  const server = new Authority(folder, 'servers');
  const clients = new Authority(folder, 'clients');
  const tls = {
    certFile: join(folder, 'tls.crt'),
    keyFile: join(folder, 'tls.key'),
    clientCaFile: clients.certFile,
    minVersion: '1.2' as const,
  };
  const write = ({ cert, key }: Identity): void => {
    writeFileSync(tls.certFile, cert);
    writeFileSync(tls.keyFile, key);
  };
  const issue = (name = 'vitald'): Identity => server.issue(name, 'DNS:localhost,IP:127.0.0.1');
  write(issue());
  return { folder, tls, clients, ca: server.cert, write, issue };
}

const fingerprint = ({ cert }: Identity): string => new X509Certificate(cert).fingerprint256.replaceAll(':', '').toLowerCase();

t.test('the API by TLS', { skip }, async (t) => {
  const { tls, ca } = files(t);
  const { url } = await openEntrances(t, { tls: { ...tls, clientCaFile: undefined } });
  t.match(url, /^https:\/\/127\.0\.0\.1:\d+$/);
  const answer = await ask(url, '/v1/status', { ca });
  t.equal(answer.status, 200);
  t.match(answer.headers, { 'x-content-type-options': 'nosniff' });
  t.notMatch(answer.headers, { 'strict-transport-security': String });
  await t.rejects(ask(url, '/v1/status'), 'who does not know the authority does not believe it');
  await t.rejects(ask(url.replace('https', 'http'), '/v1/status'), 'plain HTTP is not answered');
  t.equal((await ask(url, '/healthz', { ca })).status, 200, 'and harms nobody');
});

t.test('versions of TLS below the least one are refused', { skip }, async (t) => {
  const { tls, ca } = files(t);
  const version = async (url: string, most: 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3'): Promise<string | null> => {
    const { hostname: host, port } = new URL(url);
    const socket = connect({ host, port: Number(port), ca, minVersion: 'TLSv1.1', maxVersion: most, ciphers: 'DEFAULT@SECLEVEL=0' });
    t.teardown(() => socket.destroy());
    return new Promise((resolve) => {
      socket.once('secureConnect', () => resolve(socket.getProtocol()));
      socket.once('error', () => resolve(null));
    });
  };
  const { url } = await openEntrances(t, { tls });
  t.equal(await version(url, 'TLSv1.1'), null);
  t.equal(await version(url, 'TLSv1.2'), 'TLSv1.2');
  const { url: newer } = await openEntrances(t, { tls: { ...tls, minVersion: '1.3' } });
  t.equal(await version(newer, 'TLSv1.2'), null);
  t.equal(await version(newer, 'TLSv1.3'), 'TLSv1.3');
});

t.test('client certificates have roles', { skip }, async (t) => {
  const { folder, tls, clients, ca } = files(t);
  const controller = clients.issue('controller', 'DNS:controller.example.com');
  const poller = clients.issue('anything', 'DNS:other.example.com,DNS:poller.example.com');
  const stranger = new Authority(folder, 'strangers').issue('controller', 'DNS:poller.example.com');
  const pinned = selfSigned(['laptop']);
  const expired = selfSigned(['old'], [-10, -1]);
  const token = testToken('read', 'bot');
  const access: Partial<AccessPlan> = {
    tls,
    tokens: [token.plan],
    clientCertificates: [
      { name: 'controller', role: 'admin', by: 'subject_cn', value: 'controller' },
      { name: 'poller', role: 'read', by: 'san_dns', value: 'poller.example.com' },
      { name: 'laptop', role: 'operate', by: 'sha256_fingerprint', value: fingerprint(pinned) },
      { name: 'old', role: 'admin', by: 'sha256_fingerprint', value: fingerprint(expired) },
    ],
  };
  const { url } = await openEntrances(t, access);
  const post = '/v1/listeners/web/backends/app-1/diagnosis';
  const may = async (identity: Partial<Identity>, headers = {}): Promise<[look: number, change: number]> => [
    (await ask(url, '/v1/status', { ca, ...identity, headers })).status,
    (await ask(url, post, { ca, ...identity, headers, method: 'POST' })).status,
  ];
  t.same(await may(controller), [200, 202]);
  t.same(await may(poller), [200, 403]);
  t.same(await may(pinned), [200, 202], 'one that is pinned needs no authority');
  t.same(await may(stranger), [401, 401], 'the same names by another authority');
  t.same(await may(expired), [401, 401]);
  t.same(await may(clients.issue('nobody', 'DNS:nobody')), [401, 401]);
  t.same(await may({}), [401, 401]);
  t.same(await may(stranger, token.headers), [200, 403], 'a token helps where the certificate does not');
  t.same(await may(controller, token.headers), [200, 403], 'and counts where both are there');
  t.same(await may(controller, testToken('admin').headers), [401, 401], 'a wrong one is not made up for');
  const text = async (identity: Partial<Identity>): Promise<string> => (await ask(url, '/', { ca, ...identity })).text;
  t.match(await text(stranger), /is not trusted here/);
  t.match(await text(expired), /has expired/);
});

t.test('a connection that takes up an earlier session is still the same caller', { skip }, async (t) => {
  const { tls, clients, ca } = files(t);
  const { url } = await openEntrances(t, {
    tls,
    clientCertificates: [{ name: 'controller', role: 'admin', by: 'subject_cn', value: 'controller' }],
  });
  const agent = new Agent({ ca, ...clients.issue('controller', 'DNS:x'), keepAlive: false, maxCachedSessions: 10 });
  for (let i = 0; i < 3; i++) t.equal((await ask(url, '/v1/status', { agent })).status, 200);
});

t.test('certificates are read again without a connection being lost', { skip }, async (t) => {
  const { tls, ca, write, issue } = files(t);
  const { url, entrances, told } = await openEntrances(t, { tls });
  const shown = async (): Promise<string> => {
    const { hostname: host, port } = new URL(url);
    const socket = connect({ host, port: Number(port), ca });
    await new Promise((resolve, reject) => socket.once('secureConnect', resolve).once('error', reject));
    const { CN } = socket.getPeerCertificate().subject;
    socket.destroy();
    return String(CN);
  };
  const agent = new Agent({ ca, keepAlive: true, maxSockets: 1 });
  t.teardown(() => agent.destroy());
  t.equal((await ask(url, '/healthz', { agent })).status, 200);
  t.equal(await shown(), 'vitald');
  write(issue('renewed'));
  await entrances.rereadTls(tls);
  t.equal(await shown(), 'renewed');
  t.equal((await ask(url, '/healthz', { agent })).status, 200, 'the old connection goes on');

  writeFileSync(tls.keyFile, issue().key);
  await entrances.rereadTls(tls);
  t.match(told.at(-1), /^warn: the certificate in use stays, .* is not that of the first certificate/);
  writeFileSync(tls.certFile, 'nonsense');
  await entrances.rereadTls(tls);
  t.match(told.at(-1), /^warn: the certificate in use stays, .*cert_file/);
  t.equal(await shown(), 'renewed');
});

t.test('certificates and keys that cannot be used are told of in words, without what is in them', { skip }, async (t) => {
  const { folder, tls, write, issue } = files(t);
  const { key } = issue();
  const said = async (change: Partial<typeof tls> = {}): Promise<string> => {
    try {
      return (await readTlsFiles({ ...tls, ...change }, Date.now())).warning ?? '';
    } catch (error) {
      t.equal((error as { code: string }).code, 'tls_not_usable');
      t.notMatch((error as Error).message, key.split('\n')[1]!);
      return (error as Error).message;
    }
  };
  const put = (text: string): string => {
    const file = join(folder, 'other.pem');
    writeFileSync(file, text);
    return file;
  };
  t.equal(await said(), '');
  t.match(await said({ certFile: join(folder, 'missing.crt') }), /server\.tls\.cert_file: .*missing\.crt cannot be read: ENOENT/);
  t.match(await said({ keyFile: folder }), /server\.tls\.key_file: .* cannot be read: it is a folder/);
  t.match(await said({ keyFile: '/dev/zero' }), /cannot be read: it is a device/);
  t.match(await said({ certFile: put(key) }), /cert_file: .* cannot be used: it is not PEM of the right kind/);
  t.match(await said({ keyFile: put('-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n') }), /key_file: .* cannot be used/);
  t.match(await said({ keyFile: put(key) }), /is not that of the first certificate/);
  t.match(await said({ clientCaFile: put('') }), /client_ca_file: .* cannot be used/);
  write(selfSigned(['x'], [-1, 3]));
  t.match(await said(), /expires in 2 days/);
  write(selfSigned(['x'], [-3, -1]));
  t.match(await said(), /has expired/);
  write(selfSigned(['x'], [1, 3]));
  t.match(await said(), /is not valid yet/);
});
