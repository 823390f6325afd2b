/** What one client can make vitald hold is bounded: per connection, per caller and in all. */
import { createServer, type ServerResponse } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import t, { type Test } from 'tap';
import type { AccessPlan } from '#vitald/config/plan.js';
import { StuckAnswers } from '#vitald/front/listen/stuck-answers.js';
import { limits } from '#vitald/front/http/limits.js';
import { ask, openEntrances } from '../../support/entrances.js';
import { eventually } from '../../support/eventually.js';
import { EventStream } from '../../support/event-stream.js';
import { openAccess } from '../../support/plans.js';
import { RawClient, requestText } from '../../support/raw-client.js';
import { testToken } from '../../support/tokens.js';

interface Problem {
  readonly code: string;
  readonly limit: string;
  readonly scope: string;
  readonly most: number;
  readonly key: string | null;
}

/** Takes more requests a second than any test sends. */
const patient: Partial<AccessPlan> = { limits: { ...openAccess.limits, requestsPerSecond: 1_000_000 } };

async function api(t: Test, access: Partial<AccessPlan> = patient) {
  const opened = await openEntrances(t, access);
  const { world, state } = opened;
  const held = `/v1/status?since=${world.revision}&wait=10m`;
  const change = (): void => state.applyChanges([world.turn('web', 'app-3', 'healthy', 'ok')]);
  return { ...opened, held, change };
}

function problemIn(text: string): Problem {
  return JSON.parse(/\{"type":"about:blank".*?\}$/m.exec(text)![0]) as Problem;
}

t.test('pipelined long polls hold one request, and more of them than may wait end the connection with 429', async (t) => {
  const { url, state, holds, held } = await api(t);
  const client = new RawClient(t, url);
  client.send(requestText(held).repeat(limits.pipelinedRequests));
  await eventually('the first to be held', () => state.waiters.size > 0);
  t.equal((await ask(url, '/healthz')).status, 200);
  t.equal(state.waiters.size, 1, 'one connection holds one request');
  t.equal(holds.total('held_requests'), 1);
  client.send(requestText(held).repeat(10));
  const text = await client.closed();
  t.same(client.statuses, [429], 'told in place of the first answer');
  t.match(text, /retry-after: 5/i);
  t.match(text, /connection: close/i);
  t.match(problemIn(text), {
    code: 'limit_reached',
    limit: 'pipelined_requests',
    scope: 'connection',
    most: limits.pipelinedRequests,
    key: null,
  });
  await eventually('what was held to be released', () => state.waiters.size === 0 && holds.total('held_requests') === 0);
});

t.test('a client that goes on sending is cut off, and others are answered meanwhile', async (t) => {
  const { url, state, held } = await api(t);
  const clients = Array.from({ length: 20 }, () => new RawClient(t, url, '127.0.0.2'));
  for (let round = 0; round < 20; round++) {
    for (const client of clients) client.send(requestText(held).repeat(95));
    t.equal((await ask(url, '/healthz')).status, 200);
    t.ok(state.waiters.size <= clients.length);
  }
  await eventually('all to be ended', () => clients.every(({ isClosed }) => isClosed));
  await eventually('nothing to be held', () => state.waiters.size === 0);
});

t.test('pipelined requests within the limit are answered in order, the ones behind a held one after it', async (t) => {
  const { url, held, change } = await api(t);
  const client = new RawClient(t, url);
  const paths = Array.from({ length: 60 }, (_, i) => (i % 3 === 0 ? `/v1/nothing-${i}` : '/healthz'));
  client.send(paths.map((path) => requestText(path)).join(''));
  t.same(
    await client.answers(60),
    paths.map((path) => (path === '/healthz' ? 200 : 404)),
  );
  client.send(requestText(held) + requestText('/v1/nothing'));
  await eventually('a round trip', async () => (await ask(url, '/healthz')).status === 200);
  t.equal(client.statuses.length, 60, 'nothing overtakes the held answer');
  change();
  t.same((await client.answers(62)).slice(60), [200, 404]);
  t.equal(client.isClosed, false);
});

t.test('held requests are limited per caller and in all; a refused caller is told which limit and which key', async (t) => {
  const [one, other] = [testToken('read', 'one'), testToken('read', 'other')];
  const holdLimits = { requests: 3, requestsPerCaller: 2, streams: 10, streamsPerCaller: 10 };
  const { url, state, held, change } = await api(t, { ...patient, tokens: [one.plan, other.plan], holds: holdLimits });
  const waiting = [ask(url, held, one), ask(url, held, one)];
  await eventually('both to be held', () => state.waiters.size === 2);
  const third = await ask(url, held, one);
  t.equal(third.status, 429);
  t.equal(third.headers['retry-after'], '5');
  const key = 'server.limits.held_requests';
  t.match(JSON.parse(third.text), { code: 'limit_reached', limit: 'held_requests', scope: 'caller', most: 2, key: `${key}_per_caller` });
  t.match((JSON.parse(third.text) as { detail: string }).detail, 'server.limits.held_requests_per_caller');
  t.equal((await ask(url, '/v1/status', one)).status, 200, 'what is not held is answered');
  waiting.push(ask(url, held, other));
  await eventually('the other caller to be held', () => state.waiters.size === 3);
  t.match(JSON.parse((await ask(url, held, other)).text), { code: 'limit_reached', scope: 'all', most: 3, key });
  change();
  for (const answer of await Promise.all(waiting)) t.equal(answer.status, 200, 'those that were held get the old answer');
  const again = ask(url, `/v1/status?since=${state.changes.revision}&wait=50ms`, one);
  t.equal((await again).status, 200, 'there is room again');
});

t.test('200 followers of one address are held as before', async (t) => {
  const { url, state, held, change } = await api(t);
  const waiting = Array.from({ length: 200 }, () => ask(url, held));
  await eventually('all to be held', () => state.waiters.size === 200);
  change();
  for (const { status } of await Promise.all(waiting)) t.equal(status, 200);
});

t.test('event streams are limited per caller, and in all', async (t) => {
  const [one, other] = [testToken('read', 'one'), testToken('read', 'other')];
  const holdLimits = { requests: 10, requestsPerCaller: 10, streams: 3, streamsPerCaller: 2 };
  const { url, holds } = await api(t, { ...patient, tokens: [one.plan, other.plan], holds: holdLimits });
  const open = async ({ headers }: typeof one) => EventStream.open(`${url}/v1/events`, { headers });
  const streams = [await open(one), await open(one)];
  const third = await ask(url, '/v1/events', one);
  t.equal(third.status, 429);
  t.match(JSON.parse(third.text), { limit: 'event_streams', scope: 'caller', key: 'server.limits.event_streams_per_caller' });
  streams.push(await open(other));
  t.match(JSON.parse((await ask(url, '/v1/events', other)).text), { code: 'event_reader_limit', status: 503 });
  streams[0]!.cut();
  await eventually('room', () => holds.total('event_streams') === 2);
  streams.push(await open(one));
  for (const stream of streams) stream.cut();
});

t.test('requests behind a stream of events do not pile up', async (t) => {
  const { url, state } = await api(t);
  const client = new RawClient(t, url);
  client.send(requestText('/v1/events'));
  await client.answers(1);
  client.send(requestText('/healthz').repeat(limits.pipelinedRequests + 1));
  await client.closed();
  await eventually('the stream to end', () => state.eventReaders.size === 0);
});

t.test('bodies that are being received are limited by their bytes', async (t) => {
  const { url, holds } = await api(t);
  const bytes = 2 * 1024 * 1024;
  const headers = { 'content-type': 'application/json', 'content-length': String(bytes) };
  const put = requestText('/v1/listeners/web/backends', headers, 'PUT');
  const clients = Array.from({ length: 8 }, () => new RawClient(t, url).send(`${put}{`));
  await eventually('eight bodies', () => holds.total('request_bodies') === 8 * bytes);
  const ninth = new RawClient(t, url).send(`${put}{`);
  t.same(await ninth.answers(1), [429]);
  t.match(ninth.text, /"limit":"request_bodies","scope":"caller"/);
  t.match(ninth.text, /connection: close/i, 'the body is not read');
  for (const { socket } of clients) socket.destroy();
  await eventually('room', () => holds.total('request_bodies') === 0);
});

t.test('an answer that is not read is cut off after a minute; an answer that is read is not', async (t) => {
  const server = createServer();
  const stuck = new StuckAnswers(server);
  const open: ServerResponse[] = [];
  server.on('request', (request, response) => {
    stuck.watch(response, request.socket);
    open.push(response);
    response.write(Buffer.alloc(16 * 1024 * 1024));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const [idle, reading] = [connect(port, '127.0.0.1'), connect(port, '127.0.0.1')];
  for (const socket of [idle, reading]) socket.on('error', () => undefined).write(requestText('/'));
  reading.resume();
  await eventually('both answers to begin', () => open.length === 2);
  await eventually('one to be read', () => open.filter(({ socket }) => socket?.writableLength === 0).length === 1);
  stuck.check(1000);
  stuck.check(1000 + limits.unreadMs - 1);
  t.same(
    open.map(({ destroyed }) => destroyed),
    [false, false],
    'not before its time',
  );
  stuck.check(1000 + limits.unreadMs);
  await eventually('one to be cut off', () => open.filter(({ destroyed }) => destroyed).length === 1);
  t.equal(reading.destroyed, false);
  for (const socket of [idle, reading]) socket.destroy();
});
