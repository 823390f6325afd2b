/** After a reload every request is judged by the new configuration, on connections of before too. */
import { once } from 'node:events';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { Agent, get } from 'node:https';
import { join } from 'node:path';
import { connect } from 'node:tls';
import t, { type Test } from 'tap';
import type { AccessPlan } from '#vitald/config/plan.js';
import { Authority } from '../../support/authority.js';
import type { Identity } from '../../support/certificates.js';
import { temporaryFolder } from '../../support/daemon.js';
import { ask, openEntrances } from '../../support/entrances.js';
import { eventually } from '../../support/eventually.js';
import { EventStream } from '../../support/event-stream.js';
import { RawClient, requestText } from '../../support/raw-client.js';
import { testToken } from '../../support/tokens.js';
import { skipWithout } from '../../support/tools.js';

const skip = skipWithout('openssl');

/** An API with client certificates, and ways to replace its authorities. */
async function certified(t: Test) {
  const folder = temporaryFolder(t);
  const server = new Authority(folder, 'servers');
  const [old, other] = [new Authority(folder, 'clients'), new Authority(folder, 'others')];
  const issued = server.issue('vitald', 'DNS:localhost,IP:127.0.0.1');
  const tls = {
    certFile: join(folder, 'tls.crt'),
    keyFile: join(folder, 'tls.key'),
    clientCaFile: join(folder, 'trusted.crt'),
    minVersion: '1.2' as const,
  };
  writeFileSync(tls.certFile, issued.cert);
  writeFileSync(tls.keyFile, issued.key);
  copyFileSync(old.certFile, tls.clientCaFile);
  const access: Partial<AccessPlan> = {
    tls,
    clientCertificates: [
      { name: 'controller', role: 'admin', by: 'subject_cn', value: 'controller' },
      { name: 'poller', role: 'read', by: 'san_dns', value: 'poller.example.com' },
    ],
  };
  const opened = await openEntrances(t, access);
  const trust = async (...authorities: readonly Authority[]): Promise<void> => {
    writeFileSync(tls.clientCaFile, authorities.map(({ cert }) => cert).join(''));
    await opened.reload(access);
  };
  return { ...opened, folder, access, old, other, trust, ca: server.cert };
}

function keptAgent(t: Test, ca: string, identity: Identity): Agent {
  const agent = new Agent({ ca, ...identity, keepAlive: true, maxSockets: 1 });
  t.teardown(() => agent.destroy());
  return agent;
}

t.test('an authority that a reload removed: open connections lose their role, streams and held polls end', { skip }, async (t) => {
  const { url, ca, old, other, trust, state, world } = await certified(t);
  for (const identity of [old.issue('controller', 'DNS:x'), old.issue('y', 'DNS:poller.example.com')]) {
    const agent = keptAgent(t, ca, identity);
    t.equal((await ask(url, '/v1/status', { agent })).status, 200);
    let isStreamClosed = false;
    const stream = get(`${url}/v1/events`, { ca, ...identity, agent: false }, (response) => {
      response.resume().on('close', () => (isStreamClosed = true));
      response.on('error', () => undefined);
    });
    stream.on('error', () => undefined);
    const poll = ask(url, `/v1/status?since=${world.revision}&wait=1m`, { ca, ...identity });
    const cut = t.rejects(poll, 'the held poll is ended');
    await eventually('both to be open', () => state.waiters.size === 1 && state.eventReaders.size === 1);
    await trust(other);
    await cut;
    await eventually('the stream to end', () => isStreamClosed);
    t.equal((await ask(url, '/v1/status', { agent })).status, 401, 'the same connection');
    t.equal((await ask(url, '/v1/status', { ca, ...identity })).status, 401, 'a new connection');
    await trust(old);
  }
});

t.test('an authority that stays beside a new one: connections keep their role', { skip }, async (t) => {
  const { url, ca, old, other, trust } = await certified(t);
  const agent = keptAgent(t, ca, old.issue('controller', 'DNS:x'));
  t.equal((await ask(url, '/v1/status', { agent })).status, 200);
  await trust(old, other);
  t.equal((await ask(url, '/v1/status', { agent })).status, 200);
  await trust(old);
  t.equal((await ask(url, '/v1/status', { agent })).status, 200);
  await trust(other);
  t.equal((await ask(url, '/v1/status', { agent })).status, 401);
});

t.test('a new authority with the name of the old one does not vouch for what the old one signed', { skip }, async (t) => {
  const { url, ca, old, folder, trust } = await certified(t);
  mkdirSync(join(folder, 'renewed'));
  const renewed = new Authority(join(folder, 'renewed'), 'clients');
  const identity = old.issue('controller', 'DNS:x');
  // The client sends the certificate of the new authority along, which is public.
  const agent = keptAgent(t, ca, { key: identity.key, cert: identity.cert + renewed.cert });
  t.equal((await ask(url, '/v1/status', { agent })).status, 200);
  await trust(renewed);
  t.equal((await ask(url, '/v1/status', { agent })).status, 401);
});

t.test('TLS sessions of before the reload are not resumed', { skip }, async (t) => {
  const { url, ca, old, other, trust } = await certified(t);
  const identity = old.issue('controller', 'DNS:x');
  const { hostname: host, port } = new URL(url);
  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    const connectOnce = async (session?: Buffer): Promise<{ status: string; isReused: boolean; session: Buffer | undefined }> => {
      const socket = connect({ host, port: Number(port), ca, ...identity, maxVersion, ...(session && { session }) });
      let text = '';
      let given: Buffer | undefined;
      let isReused = false;
      socket.once('secureConnect', () => (isReused = socket.isSessionReused()));
      socket.on('session', (one: Buffer) => (given = one));
      socket.setEncoding('utf8').on('data', (part: string) => (text += part));
      socket.on('error', () => undefined);
      socket.write(requestText('/v1/status', { connection: 'close' }));
      await new Promise((resolve) => socket.once('close', resolve));
      return { status: text.slice(9, 12), isReused, session: given };
    };
    const { status, session } = await connectOnce();
    t.equal(status, '200', maxVersion);
    t.match(await connectOnce(session), { status: '200', isReused: true }, 'the session can be resumed');
    await trust(other);
    t.match(await connectOnce(session), { status: '401', isReused: false }, 'and not after the reload');
    await trust(old);
  }
});

t.test('connections below a lowest version of TLS that a reload raised are ended', { skip }, async (t) => {
  const { url, ca, old, access, reload } = await certified(t);
  const identity = old.issue('controller', 'DNS:x');
  const agents = (['TLSv1.2', 'TLSv1.3'] as const).map(
    (maxVersion) => new Agent({ ca, ...identity, maxVersion, keepAlive: true, maxSockets: 1 }),
  );
  t.teardown(() => agents.forEach((agent) => agent.destroy()));
  for (const agent of agents) t.equal((await ask(url, '/v1/status', { agent })).status, 200);
  const closed = once(Object.values(agents[0]!.freeSockets)[0]![0]!, 'close');
  await reload({ ...access, tls: { ...access.tls!, minVersion: '1.3' } });
  await closed;
  t.equal((await ask(url, '/v1/status', { agent: agents[1]! })).status, 200, 'the other one goes on');
});

t.test('a token that was removed, or replaced under its name, loses its open connection and streams', async (t) => {
  const [first, second, staying] = [testToken('operate', 'bot'), testToken('operate', 'bot'), testToken('read', 'staying')];
  for (const left of [[staying.plan], [staying.plan, second.plan]]) {
    const { url, reload, state, world } = await openEntrances(t, { tokens: [first.plan, staying.plan] });
    const client = new RawClient(t, url).send(requestText('/v1/status', first.headers));
    t.same(await client.answers(1), [200]);
    const stream = await EventStream.open(`${url}/v1/events`, { headers: first.headers });
    const kept = await EventStream.open(`${url}/v1/events`, { headers: staying.headers });
    const held = new RawClient(t, url).send(requestText(`/v1/status?since=${world.revision}&wait=1m`, first.headers));
    await eventually('it to be held', () => state.waiters.size === 1);
    await reload({ tokens: left });
    await held.closed();
    await eventually('the stream to end', () => stream.ended);
    client.send(requestText('/v1/status', first.headers));
    t.same(await client.answers(2), [200, 401], 'the open connection');
    t.equal(kept.ended, false, 'the other stream goes on');
    kept.cut();
  }
});

t.test('a role that was lowered: what it still allows goes on, what it does not is refused', async (t) => {
  const token = testToken('admin', 'bot');
  const { url, reload } = await openEntrances(t, { tokens: [token.plan] });
  const post = requestText('/v1/listeners/web/backends/app-1/diagnosis', token.headers, 'POST');
  const client = new RawClient(t, url).send(post);
  t.same(await client.answers(1), [202]);
  const stream = await EventStream.open(`${url}/v1/events`, { headers: token.headers });
  await reload({ tokens: [{ ...token.plan, role: 'read' }] });
  client.send(post);
  t.same(await client.answers(2), [202, 403]);
  t.equal(stream.ended, false, 'events need no more than read');
  await reload({ tokens: [] });
  stream.cut();
});

t.test('credentials that a reload introduces end what was open without', async (t) => {
  const token = testToken('read');
  const { url, reload } = await openEntrances(t, {});
  const stream = await EventStream.open(`${url}/v1/events`);
  const client = new RawClient(t, url).send(requestText('/v1/status'));
  t.same(await client.answers(1), [200]);
  await reload({ tokens: [token.plan] });
  await eventually('the stream to end', () => stream.ended);
  client.send(requestText('/v1/status'));
  t.same(await client.answers(2), [200, 401]);
});

t.test('insecure that a reload takes back, and a host name that it removes, end what was open', async (t) => {
  const { url, reload } = await openEntrances(t, { isInsecure: true }, '0.0.0.0');
  const stream = await EventStream.open(`${url}/v1/events`);
  await reload({ isInsecure: false });
  await eventually('the stream to end', () => stream.ended);

  const named = await openEntrances(t, { names: ['checker.example.com'] });
  const host = { host: 'checker.example.com' };
  const follower = await EventStream.open(`${named.url}/v1/events`, { headers: host });
  const client = new RawClient(t, named.url).send(requestText('/v1/status', host));
  t.same(await client.answers(1), [200]);
  await named.reload({ names: [] });
  await eventually('the follower to end', () => follower.ended);
  client.send(requestText('/v1/status', host));
  t.same(await client.answers(2), [200, 421]);
});
