/** A backend that gives up on a slow checker is not at fault. */
import t from 'tap';
import { httpKind, httpsKind } from '#vitald/probes/http/kind.js';
import { selfSigned } from '../../support/certificates.js';
import { runProbe, targetOf, TimerContext, type ProbeResult } from '../../support/run-probe.js';
import { onRequest } from '../../support/servers/behaviours.js';
import { serve, type Behaviour, type ServeOptions } from '../../support/servers/server.js';

const timeoutMs = 5000;

/** Probes a backend while the checker loses time between the connect and its next step. */
async function probeLate(
  t: { teardown(fn: () => unknown): void },
  behaviour: Behaviour,
  lostMs: number,
  options: ServeOptions = {},
): Promise<ProbeResult> {
  const server = await serve(behaviour, options);
  const context = new TimerContext();
  const probe = (options.identity === undefined ? httpKind : httpsKind).create(context);
  t.teardown(async () => {
    probe.close();
    await server.close();
  });
  const running = runProbe(context, probe, { port: server.port, timeoutMs, options: { method: 'GET', tls: { verify: false } } });
  // The connection stands by now, and the process learns of it later.
  context.lost += lostMs;
  return running;
}

const says408: Behaviour = (socket) =>
  onRequest(socket, () => socket.end('HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n'));
const closes: Behaviour = (socket) => onRequest(socket, () => socket.end());
const resets: Behaviour = (socket) => onRequest(socket, () => socket.resetAndDestroy());
const resetsAtOnce: Behaviour = (socket) => socket.resetAndDestroy();

for (const [what, behaviour, options, reason] of [
  ['a 408', says408, {}, 'status_mismatch'],
  ['a close', closes, {}, 'response_closed'],
  ['a reset', resets, {}, 'connect_reset'],
  ['a close inside of TLS', closes, { identity: selfSigned(['app.example']) }, 'response_closed'],
] as const) {
  t.test(`${what} counts when the checker was punctual`, async (t) => {
    t.match(await probeLate(t, behaviour, 0, options), { reason });
  });
  t.test(`${what} says nothing when the request came late by the fault of the checker`, async (t) => {
    const { reason: ended, detail } = await probeLate(t, behaviour, 600, options);
    t.equal(ended, 'checker_late');
    t.match(detail, /600 ms late/);
  });
}

t.test('a handshake that the backend cuts off says nothing when the checker was late with it', async (t) => {
  t.match(await probeLate(t, resetsAtOnce, 0, {}), { reason: 'connect_reset' });
  const server = await serve(resetsAtOnce);
  const context = new TimerContext();
  const probe = httpsKind.create(context);
  t.teardown(async () => {
    probe.close();
    await server.close();
  });
  const running = runProbe(context, probe, { port: server.port, timeoutMs, options: {} });
  context.lost += 600;
  t.match(await running, { reason: 'checker_late', detail: /600 ms late/ });
});

t.test('an answer counts however late the request was', async (t) => {
  const busy: Behaviour = (socket) =>
    onRequest(socket, () => socket.end('HTTP/1.1 503 Busy\r\nConnection: close\r\nContent-Length: 0\r\n\r\n'));
  t.match(await probeLate(t, busy, 600), { reason: 'status_mismatch' });
});

t.test('a 408 on a kept connection crossed the request: the same request goes out once more on a new connection', async (t) => {
  let requests = 0;
  const server = await serve((socket) => {
    socket.on('data', () => {
      requests++;
      const stale = requests === 2;
      socket.write(
        stale
          ? 'HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n'
          : 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n',
      );
      if (stale) socket.end();
    });
  });
  const context = new TimerContext();
  const probe = httpKind.create(context);
  t.teardown(async () => {
    probe.close();
    await server.close();
  });
  const run = { port: server.port, timeoutMs, options: { method: 'GET', reuse: true } };
  const target = targetOf(probe, run);
  const probeOnce = (): Promise<string> =>
    new Promise((resolve) => {
      context.onTimer = (_slot, readToMs) => probe.onTimer(target, readToMs);
      probe.start(target, context.now() + timeoutMs, (_target, reason) => resolve(reason));
    });
  t.equal(await probeOnce(), 'ok');
  t.equal(await probeOnce(), 'ok');
  t.equal(requests, 3);
  t.equal(server.accepted, 2);
  probe.cancel(target);
});

/** A backend that accepts, and what it then says of the handshake, while the checker loses much more than the timeout. */
async function handshakeStalls(
  t: { teardown(fn: () => unknown): void },
  behaviour: Behaviour,
): Promise<{ result: ProbeResult; timeoutMs: number }> {
  const server = await serve(behaviour);
  const context = new TimerContext();
  const probe = httpsKind.create(context);
  t.teardown(async () => {
    probe.close();
    await server.close();
  });
  const timeoutMs = 400;
  const running = runProbe(context, probe, { port: server.port, timeoutMs, options: { tls: { verify: false } } });
  // From here on the process is late with every wake-up.
  const losing = setTimeout(() => (context.lost += 10_000), 200);
  const result = await running;
  clearTimeout(losing);
  return { result, timeoutMs };
}

t.test('a backend that accepts and never answers the handshake is found, however much time the checker loses meanwhile', async (t) => {
  const { result, timeoutMs } = await handshakeStalls(t, () => undefined);
  t.equal(result.reason, 'tls_timeout');
  t.ok(result.tookMs < 2 * timeoutMs, `${result.tookMs.toFixed(0)} ms: nothing was owed to it`);
});

t.test('a backend that has begun the handshake may have waited for the checker: it gets one more timeout, then it is found', async (t) => {
  // The header of a TLS record of 100 bytes, which do not come.
  const { result, timeoutMs } = await handshakeStalls(t, (socket) => socket.write(Buffer.from([22, 3, 3, 0, 100])));
  t.equal(result.reason, 'tls_timeout');
  t.ok(result.tookMs >= 2 * timeoutMs - 5, `${result.tookMs.toFixed(0)} ms`);
});
