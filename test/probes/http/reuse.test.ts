import t from 'tap';
import { httpKind } from '#vitald/probes/http/kind.js';
import { Bench, until } from '../../support/real-context.js';
import { answersAndStays, onRequest } from '../../support/servers/behaviours.js';
import { serve, type ServerSocket } from '../../support/servers/server.js';

const bench = new Bench(httpKind);
t.teardown(() => bench.close());
const reuse = { reuse: true, method: 'GET' };

const bodies: Record<string, string> = {
  'with Content-Length': 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello',
  'in chunks': 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-Trailer: y\r\n\r\n',
  'without a body (204)': 'HTTP/1.1 204 No Content\r\n\r\n',
};

for (const [how, response] of Object.entries(bodies)) {
  t.test(`an answer ${how} leaves the connection for the next probe`, async (t) => {
    const server = await serve(answersAndStays(response));
    t.teardown(() => server.close());
    const target = bench.target(server, { options: reuse });
    for (let i = 0; i < 5; i++) t.match(await bench.probeTarget(target), { reason: 'ok' });
    t.equal(server.accepted, 1);
    bench.probe.cancel(target);
    await until(() => server.open === 0);
  });
}

const notKept: Record<string, string> = {
  'with bytes after its end': 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nHTTP/1.1 503 No\r\n\r\n',
  'with two lengths': 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\nContent-Length: 1\r\n\r\n',
  'with a length and chunks at once': 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  'with broken chunks': 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n',
  'with a negative length': 'HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n',
  'with a huge body': 'HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n',
  'that says Connection: close': 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: Close\r\n\r\n',
  'of HTTP/1.0 without keep-alive': 'HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n',
  'that switches protocols': 'HTTP/1.1 101 X\r\nContent-Length: 0\r\n\r\n',
};

for (const [how, response] of Object.entries(notKept)) {
  t.test(`a connection with an answer ${how} is not used again`, async (t) => {
    const server = await serve(answersAndStays(response));
    t.teardown(() => server.close());
    const target = bench.target(server, { options: { ...reuse, expected_status: [101, 200] } });
    for (let i = 0; i < 3; i++) t.match(await bench.probeTarget(target), { reason: 'ok' });
    t.equal(server.accepted, 3);
    bench.probe.cancel(target);
    await until(() => server.open === 0);
  });
}

t.test('what arrives on an idle connection is not taken for the next answer', async (t) => {
  const sockets: ServerSocket[] = [];
  const server = await serve((socket) => {
    sockets.push(socket);
    answersAndStays('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')(socket, 1);
  });
  t.teardown(() => server.close());
  const target = bench.target(server, { options: reuse });
  t.match(await bench.probeTarget(target), { reason: 'ok' });
  sockets[0]!.write('HTTP/1.1 503 Forged\r\nContent-Length: 0\r\n\r\n');
  await until(() => server.open === 0);
  t.match(await bench.probeTarget(target), { reason: 'ok' });
  t.equal(server.accepted, 2);
  bench.probe.cancel(target);
});

t.test('a kept connection that the backend closes while idle is no failure', async (t) => {
  const server = await serve((socket) => onRequest(socket, () => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')));
  t.teardown(() => server.close());
  const target = bench.target(server, { options: reuse });
  for (let i = 0; i < 5; i++) {
    t.match(await bench.probeTarget(target), { reason: 'ok' });
    await until(() => server.open === 0);
  }
  t.equal(server.accepted, 5);
});

t.test('a kept connection that closes when the next request comes is replaced once, within the same deadline', async (t) => {
  let refuse = false;
  const server = await serve((socket) =>
    onRequest(socket, (count) => {
      if (count === 1 && !refuse) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
      else socket.end();
    }),
  );
  t.teardown(() => server.close());
  const target = bench.target(server, { options: reuse });
  t.match(await bench.probeTarget(target), { reason: 'ok' });
  t.match(await bench.probeTarget(target), { reason: 'ok' });
  t.equal(server.accepted, 2, 'the second probe met the closed connection and opened another');
  refuse = true;
  t.match(await bench.probeTarget(target), { reason: 'response_closed' });
  t.equal(server.accepted, 3, 'a new connection that closes as well is the backend’s failure');
  t.equal(bench.doneCount.get(target.slot), 3);
});

t.test('a slot that another backend has taken over does not get the old one’s connection', async (t) => {
  const old = await serve(answersAndStays('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'));
  const other = await serve(answersAndStays('HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n'));
  t.teardown(() => Promise.all([old.close(), other.close()]));
  const first = bench.target(old, { options: reuse });
  const second = bench.target(other, { options: reuse }, first.slot);
  t.match(await bench.probeTarget(first), { reason: 'ok' });
  t.match(await bench.probeTarget(second), { reason: 'status_mismatch' });
  await until(() => old.open === 0);
  bench.probe.cancel(second);
});

t.test('a cancel while the body is still coming leaves no kept connection behind', async (t) => {
  let finish = (): void => undefined;
  const server = await serve((socket) =>
    onRequest(socket, () => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel');
      finish = () => socket.write('lo');
    }),
  );
  t.teardown(() => server.close());
  const target = bench.target(server, { options: reuse });
  t.match(await bench.probeTarget(target), { reason: 'ok' });
  bench.probe.cancel(target);
  finish();
  await until(() => server.open === 0);
});
