/** An answer counts although the backend gives it before it has the request, and resets the connection with it. */
import t from 'tap';
import { httpKind, httpsKind } from '#vitald/probes/http/kind.js';
import { selfSigned } from '../../support/certificates.js';
import { Bench } from '../../support/real-context.js';
import { answersAtOnce } from '../../support/servers/answers-at-once.js';

const ok = 'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok';
const stays = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const busy = 'HTTP/1.1 503 Busy\r\nConnection: close\r\nContent-Length: 0\r\n\r\n';
const half = 'HTTP/1.1 200 OK\r\nServer: x';
const identity = selfSigned(['app.example']);

/** Enough for answer and reset to arrive at a process that looks at nothing. */
const heldUpMs = 8;
const probesEach = 2;
/** The process is held up for most of the time. */
const timeoutMs = 10_000;

/** Holds the process up in each turn of its event loop, so that it finds answer and reset together. */
function holdUp(): () => void {
  const block = (): void => {
    for (const untilMs = performance.now() + heldUpMs; performance.now() < untilMs;);
  };
  process.nextTick(block);
  const timer = setInterval(block, 1);
  return () => clearInterval(timer);
}

const tls12 = { ...identity, version: 'TLSv1.2' } as const;
const tls13 = { ...identity, version: 'TLSv1.3' } as const;

const transports = [
  { what: 'http', kind: httpKind, tls: undefined },
  { what: 'https with TLS 1.2', kind: httpsKind, tls: tls12 },
  { what: 'https with TLS 1.3', kind: httpsKind, tls: tls13 },
] as const;

const endings = [
  { answer: ok, reason: 'ok' },
  { answer: stays, reason: 'ok' },
  { answer: busy, reason: 'status_mismatch' },
  { answer: '', reason: 'connect_reset' },
  { answer: half, reason: 'connect_reset' },
] as const;

const cases = transports.flatMap((transport) =>
  ['127.0.0.1', '::1'].flatMap((address) =>
    endings
      // Over TLS, a reset without an answer may meet the handshake.
      .filter(({ reason }) => transport.tls === undefined || reason !== 'connect_reset')
      .map((ending) => ({ ...transport, ...ending, address })),
  ),
);

const servers = await answersAtOnce(cases.map(({ address, answer, tls }) => ({ address, answer, ...(tls !== undefined && { tls }) })));
t.teardown(() => servers.close());

cases.forEach(({ what, kind, address, answer, reason }, i) => {
  for (const reuse of [false, true]) {
    const name = `${what} to ${address}${reuse ? ' with reuse' : ''}: ${JSON.stringify(answer)} ends as ${reason}`;
    t.test(name, async (t) => {
      const bench = new Bench(kind);
      t.teardown(() => bench.close());
      const options = { method: 'GET', reuse, tls: { verify: false } };
      const target = bench.target({ address, port: servers.ports[i]! }, { options });
      const reasons: string[] = [];
      for (let probes = 0; probes < probesEach; probes++) {
        const probing = bench.probeTarget(target, timeoutMs);
        const release = holdUp();
        reasons.push((await probing).reason);
        release();
      }
      t.same(reasons, Array<string>(probesEach).fill(reason));
      bench.probe.cancel(target);
    });
  }
});
