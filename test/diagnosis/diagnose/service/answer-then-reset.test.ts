/** A diagnosis sees what a probe sees of a backend that answers before it has the request, and resets. */
import t from 'tap';
import { exchange } from '#vitald/diagnosis/diagnose/service/exchange.js';
import { answersAtOnce } from '../../../support/servers/answers-at-once.js';

const ok = 'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok';

for (const [answer, end] of [
  [ok, 'answered'],
  ['', 'reset'],
] as const) {
  t.test(`${JSON.stringify(answer)}, then a reset, is ${end}`, async (t) => {
    const servers = await answersAtOnce([{ address: '127.0.0.1', answer }]);
    t.teardown(() => servers.close());
    const to = { address: '127.0.0.1', family: 4, port: servers.ports[0]!, source: undefined, device: undefined } as const;
    const ask = { request: 'GET /', to, bytes: Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n'), tls: undefined, waitMs: 20_000 };
    const exchanging = exchange(ask, new AbortController().signal);
    process.nextTick(() => {
      for (const untilMs = performance.now() + 50; performance.now() < untilMs;);
    });
    t.match(await exchanging, { end });
  });
}
