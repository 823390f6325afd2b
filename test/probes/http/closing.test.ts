import t from 'tap';
import { httpKind } from '#vitald/probes/http/kind.js';
import { Bench, until } from '../../support/real-context.js';
import { answers, answersAndStays, ok, misbehaviours, onRequest } from '../../support/servers/behaviours.js';
import { serve } from '../../support/servers/server.js';

const bench = new Bench(httpKind);
t.teardown(() => bench.close());

t.test('a backend that closes after its answer sees a clean end, not a reset', async (t) => {
  const server = await serve(ok);
  t.teardown(() => server.close());
  for (let i = 0; i < 50; i++) t.equal((await bench.run(server)).reason, 'ok');
  await until(() => server.endings.length === 50);
  t.same(new Set(server.endings), new Set(['']), 'no connection reset by peer in its log');
});

t.test('a small body is read to its end, so that it is not answered by a reset', async (t) => {
  const server = await serve(answers(`HTTP/1.1 200 OK\r\nContent-Length: 8000\r\n\r\n${'b'.repeat(8000)}`));
  t.teardown(() => server.close());
  t.match(await bench.run(server, { options: { method: 'GET' } }), { reason: 'ok' });
  await until(() => server.endings.length === 1);
  t.same(server.endings, ['']);
});

t.test('a backend that does not close is reset soon after', async (t) => {
  const server = await serve(answersAndStays('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'));
  t.teardown(() => server.close());
  t.match(await bench.run(server), { reason: 'ok' });
  await until(() => server.open === 0);
  t.same(server.endings, ['ECONNRESET']);
});

t.test('a large body is not read: the connection is reset with the verdict', async (t) => {
  const server = await serve((socket) => onRequest(socket, () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n')));
  t.teardown(() => server.close());
  t.match(await bench.run(server, { options: { method: 'GET' } }), { reason: 'ok' });
  await until(() => server.open === 0);
  t.same(server.endings, ['ECONNRESET']);
});

t.test('the next probe of a slot is not disturbed by a connection that still lingers', async (t) => {
  const server = await serve((socket, count) => {
    if (count === 1) answersAndStays('HTTP/1.1 200 OK\r\n\r\n')(socket, count);
    else answers('HTTP/1.1 503 Busy\r\n\r\n')(socket, count);
  });
  t.teardown(() => server.close());
  const target = bench.target(server);
  t.match(await bench.probeTarget(target), { reason: 'ok' });
  t.match(await bench.probeTarget(target), { reason: 'status_mismatch' });
  await until(() => server.open === 0);
  t.equal(bench.doneCount.get(target.slot), 2);
});

t.test('closing the probe resets what lingers', async (t) => {
  const own = new Bench(httpKind);
  const server = await serve(answersAndStays('HTTP/1.1 200 OK\r\n\r\n'));
  const silent = await serve(misbehaviours['silent after accept']);
  t.teardown(() => Promise.all([server.close(), silent.close()]));
  await own.run(server);
  own.start(own.target(silent), 1000, () => t.fail('done after close'));
  await until(() => silent.open === 1);
  own.close();
  await until(() => server.open === 0 && silent.open === 0);
});
