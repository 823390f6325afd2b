/** What is sent: the check's own request, and the same with one thing changed. */
import t from 'tap';
import { exchange } from '#vitald/diagnosis/diagnose/service/exchange.js';
import { requestTo, type Change } from '#vitald/diagnosis/diagnose/service/requests.js';
import type { Subject } from '#vitald/diagnosis/diagnose/subject.js';
import { ok } from '../../../support/servers/behaviours.js';
import { closedPort, serve } from '../../../support/servers/server.js';
import { subjectAt } from './world.js';

const signal = new AbortController().signal;
const options = { path: '/health?full=1', host: 'app.example', headers: { 'X-Probe': 'vitald' } };

async function sent(change: Change): Promise<string> {
  const server = await serve(ok);
  const result = await exchange(requestTo(subjectAt(server.port, { options }), change, 1000), signal);
  await server.close();
  t.equal(result.status, 200);
  return server.received;
}

const lines = (first: string, ...others: string[]): string =>
  [first, ...others, 'Connection: close', 'User-Agent: vitald', 'X-Probe: vitald', '', ''].join('\r\n');

t.test('without a change it is the check’s own request', async (t) => {
  t.equal(await sent({}), lines('HEAD /health?full=1 HTTP/1.1', 'Host: app.example'));
});

t.test('one thing is changed, all else stays', async (t) => {
  t.equal(await sent({ method: 'GET' }), lines('GET /health?full=1 HTTP/1.1', 'Host: app.example'));
  t.equal(await sent({ path: '/' }), lines('HEAD / HTTP/1.1', 'Host: app.example'));
  t.equal(await sent({ host: 'other.example' }), lines('HEAD /health?full=1 HTTP/1.1', 'Host: other.example'));
  t.equal(await sent({ host: null, version: '1.0' }), lines('HEAD /health?full=1 HTTP/1.0'));
  t.match(await sent({ header: ['X-Forwarded-Proto', 'https'] }), /X-Probe: vitald\r\nX-Forwarded-Proto: https\r\n\r\n$/);
});

t.test('it leaves from the check’s source, and goes to IPv6 as well', async (t) => {
  let from: string | undefined;
  const server = await serve((socket, count) => {
    from = socket.remoteAddress;
    ok(socket, count);
  });
  t.teardown(() => server.close());
  await exchange(requestTo(subjectAt(server.port, { source: '127.0.0.2' }), {}, 1000), signal);
  t.equal(from, '127.0.0.2');
  const six = await serve(ok, { address: '::1' });
  t.teardown(() => six.close());
  const subject: Subject = { ...subjectAt(six.port), address: '::1', family: 6 };
  t.match(await exchange(requestTo(subject, {}, 1000), signal), { end: 'answered', request: new RegExp(`Host: \\[::1\\]:${six.port}`) });
});

t.test('a port that is closed, and a source that is not this machine’s, are no connection', async (t) => {
  const { port } = await closedPort();
  t.match(await exchange(requestTo(subjectAt(port), {}, 1000), signal), { end: 'connect_failed', reason: 'connect_refused' });
  const elsewhere = subjectAt(port, { source: '192.0.2.1' });
  t.match(await exchange(requestTo(elsewhere, {}, 1000), signal), { end: 'connect_failed', reason: 'checker_source_missing' });
});

t.test('a network interface that does not exist is no connection, and no crash', async (t) => {
  const { port } = await closedPort();
  t.match(await exchange(requestTo(subjectAt(port, { interface: 'nosuch0' }), {}, 1000), signal), { end: 'connect_failed' });
});
