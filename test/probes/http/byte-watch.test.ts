/** TLS below the application is bounded: what OpenSSL reads by itself is counted in raw bytes. */
import t from 'tap';
import { ByteWatch, maxTlsBytes, type Watched } from '#vitald/probes/http/byte-watch.js';
import { httpsKind } from '#vitald/probes/http/kind.js';
import { selfSigned } from '../../support/certificates.js';
import { machinePace } from '../../support/pace.js';
import { Bench, until } from '../../support/real-context.js';
import { onRequest } from '../../support/servers/behaviours.js';
import { serve, type Behaviour, type ServerSocket } from '../../support/servers/server.js';

const pace = await machinePace();
const identity = selfSigned(['app.example']);

class Counted implements Watched {
  bytesCounted = 0;
  exceedings = 0;

  exceeded(): void {
    this.exceedings++;
  }
}

t.test('of many connections exactly those are ended that have received too much, each once', async (t) => {
  const watch = new ByteWatch();
  const all = Array.from({ length: 1000 }, () => new Counted());
  for (const counted of all) watch.add(counted);
  const [bound, first, last, gone] = [all[0]!, all[1]!, all[999]!, all[500]!];
  bound.bytesCounted = maxTlsBytes;
  for (const counted of [first, last, gone]) counted.bytesCounted = maxTlsBytes + 1;
  watch.remove(gone);
  await until(() => first.exceedings > 0 && last.exceedings > 0);
  const later = new Counted();
  later.bytesCounted = maxTlsBytes + 1;
  watch.add(later);
  await until(() => later.exceedings > 0);
  t.same(
    all.filter(({ exceedings }) => exceedings > 0),
    [first, last],
  );
  t.equal(first.exceedings, 1);
  for (const counted of all) watch.remove(counted);
});

/** One byte for each TLS record, without end: 22 bytes around each that no parser sees. */
function drip(socket: ServerSocket, text: string): void {
  let at = 0;
  const next = (): void => {
    if (!socket.destroyed) socket.write(text[at++ % text.length]!, next);
  };
  next();
}

const afterRequest =
  (first: string, then: string): Behaviour =>
  (socket) => {
    socket.setNoDelay(true);
    onRequest(socket, () => socket.write(first, () => drip(socket, then)));
  };

for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
  t.test(`${maxVersion} records without end before the answer end the probe`, async (t) => {
    const bench = new Bench(httpsKind);
    const server = await serve(afterRequest('HTTP/1.1 200 OK\r\nX-A: ', 'a'), { identity, maxVersion });
    t.teardown(() => (bench.close(), server.close()));
    const ended = await bench.run(server, { timeoutMs: 60_000 * pace, options: { tls: { verify: false } } });
    // Raw bytes are looked at now and then: on a busy machine the header's own bound may be seen first.
    t.match(ended, { reason: 'response_too_large', detail: /more than (256 KiB of TLS records|64 KiB of header)/ });
    await until(() => server.open === 0);
    // What the kernels of both sides buffer, and no more: vitald stopped reading.
    t.ok(server.bytesSent < 16 * 1024 * 1024, `the backend got rid of ${server.bytesSent} bytes`);
  });
}

t.test('renegotiation without end on an idle connection ends the connection', async (t) => {
  const bench = new Bench(httpsKind);
  // The client receives, and no byte reaches the application: so it is with session tickets too.
  const server = await serve(
    (socket) => onRequest(socket, () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n', () => floodBelow(socket))),
    { identity, maxVersion: 'TLSv1.2' },
  );
  t.teardown(() => (bench.close(), server.close()));
  const target = bench.target(server, { options: { reuse: true, tls: { verify: false } } });
  t.match(await bench.probeTarget(target, 60_000 * pace), { reason: 'ok' });
  await until(() => server.open === 0);
  t.ok(server.bytesSent < 4 * maxTlsBytes, `the backend got rid of ${server.bytesSent} bytes`);
});

/** Renegotiates again and again. */
function floodBelow(socket: ServerSocket): void {
  const again = (): void => {
    if (socket.destroyed || !('renegotiate' in socket)) return;
    socket.renegotiate({}, (error) => {
      if (error === null) setImmediate(again);
    });
  };
  again();
}
