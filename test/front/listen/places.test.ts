/** Connections without credentials do not keep out callers with credentials, other addresses, or health checks. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { clientAddress } from '#vitald/front/http/client.js';
import { temporaryFolder } from '../../support/daemon.js';
import { ask, openEntrances } from '../../support/entrances.js';
import { eventually } from '../../support/eventually.js';
import { RawClient, requestText } from '../../support/raw-client.js';
import { testToken } from '../../support/tokens.js';

const limits = { requestsPerSecond: 100_000, connections: 40, connectionsPerAddress: 20 };

/** Opens connections that say nothing, or hold a request, until no more are let in. */
async function fill(t: Test, url: string, addresses: readonly string[], each: number, bytes = ''): Promise<Socket[]> {
  const sockets = addresses.flatMap((localAddress) =>
    Array.from({ length: each }, () => connect({ host: '127.0.0.1', port: Number(new URL(url).port), localAddress })),
  );
  t.teardown(() => sockets.forEach((socket) => socket.destroy()));
  await Promise.all(
    sockets.map(async (socket) => {
      socket.on('error', () => undefined).resume();
      await once(socket, 'connect').catch(() => undefined);
      if (bytes !== '') socket.write(bytes);
    }),
  );
  return sockets;
}

t.test('while two addresses without credentials fill all places, health and callers with credentials are answered', async (t) => {
  const [reader, stranger] = [testToken('read'), testToken('admin')];
  const { url } = await openEntrances(t, { tokens: [reader.plan], open: ['health'], limits });
  await fill(t, url, ['127.0.0.2', '127.0.0.3'], 60);
  for (let round = 0; round < 5; round++) {
    t.equal((await ask(url, '/healthz')).status, 200, 'on loopback');
    t.equal((await ask(url, '/healthz', { localAddress: '127.0.0.2' })).status, 200, 'from a full address, too');
    t.equal((await ask(url, '/v1/status', reader)).status, 200);
    t.equal((await ask(url, '/v1/status', { ...reader, localAddress: '127.0.0.2' })).status, 200);
  }
  // Those with credentials took places of this address and left them.
  await fill(t, url, ['127.0.0.2'], 60);
  const refused = await ask(url, '/v1/status', { ...stranger, localAddress: '127.0.0.2' });
  t.equal(refused.status, 503, 'a wrong token does not help');
  t.match(JSON.parse(refused.text), { code: 'too_many_connections' });
});

t.test('connections that all hold a request are not ended; a caller with credentials gets a place of the reserve', async (t) => {
  const token = testToken('operate');
  // The Unix socket's callers need no credentials here; those of the address do.
  const { url, state, world } = await openEntrances(t, { tokens: [token.plan], limits: { ...limits, connections: 20 } });
  const held = requestText(`/v1/status?since=${world.revision}&wait=1m`, token.headers);
  await fill(t, url, ['127.0.0.2'], 20, held);
  await eventually('all to be held', () => state.waiters.size === 20);
  t.equal((await ask(url, '/v1/status', token)).status, 200);
  t.equal((await ask(url, '/healthz', token)).status, 200);
  t.equal(state.waiters.size, 20);
});

t.test('a client of another address gets the place of the oldest idle connection of the address with the most', async (t) => {
  const { url } = await openEntrances(t, { limits: { ...limits, connections: 20 } });
  const sockets = await fill(t, url, ['127.0.0.2'], 20);
  const ended: number[] = [];
  sockets.forEach((socket, index) => socket.once('close', () => ended.push(index)));
  await eventually('the last to be taken', async () => (await ask(url, '/healthz', { localAddress: '127.0.0.4' })).status === 200);
  const client = new RawClient(t, url, '127.0.0.3').send(requestText('/v1/status'));
  t.same(await client.answers(1), [200]);
  await eventually('one to be ended', () => ended.length > 0);
  t.equal(ended[0], 0, 'the oldest');
  client.send(requestText('/v1/status'));
  t.same(await client.answers(2), [200, 200], 'and keeps it');
});

t.test('a connection whose caller has credentials is not ended for a newcomer', async (t) => {
  const token = testToken('read');
  const { url } = await openEntrances(t, { tokens: [token.plan], open: ['health'], limits: { ...limits, connections: 10 } });
  const known = new RawClient(t, url, '127.0.0.2').send(requestText('/v1/status', token.headers));
  await known.answers(1);
  await fill(t, url, ['127.0.0.2'], 15);
  for (let i = 3; i < 12; i++) t.equal((await ask(url, '/healthz', { localAddress: `127.0.0.${i}` })).status, 200);
  known.send(requestText('/v1/status', token.headers));
  t.same(await known.answers(2), [200, 200]);
});

t.test('places beyond the limit go to the newest connections', async (t) => {
  const { url } = await openEntrances(t, { limits: { ...limits, connections: 5, connectionsPerAddress: 5 } });
  // More silent connections than are let in beyond the limit, all of the address that then asks.
  await fill(t, url, ['127.0.0.1'], 200);
  t.equal((await ask(url, '/healthz')).status, 200);
});

t.test('on a full Unix socket the oldest idle connection makes room', async (t) => {
  const path = join(temporaryFolder(t), 'api.sock');
  const unixSocket = { path, mode: 0o600, group: undefined, role: 'admin' } as const;
  const { url } = await openEntrances(t, { unixSocket, limits: { ...limits, connections: 5 } });
  const sockets = Array.from({ length: 12 }, () => connect(path));
  t.teardown(() => sockets.forEach((socket) => socket.destroy()));
  await Promise.all(
    sockets.map((socket) =>
      once(
        socket.on('error', () => undefined),
        'connect',
      ),
    ),
  );
  for (let i = 0; i < 3; i++) t.equal((await ask(url, '/v1/status', { socketPath: path })).status, 200);
});

t.test('one IPv6 network of 64 bits is one client', (t) => {
  const of = (remoteAddress: string): string => clientAddress({ remoteAddress });
  t.equal(of('2001:db8::1'), of('2001:db8:0:0:ffff::2'));
  t.not(of('2001:db8::1'), of('2001:db8:0:1::1'));
  t.equal(of('::ffff:192.0.2.1'), of('192.0.2.1'));
  t.equal(of('fe80::1%eth0'), of('fe80::2%eth0'));
  t.end();
});
