import t from 'tap';
import type { Reason } from '#vitald/health/reasons.js';
import { httpKind } from '#vitald/probes/http/kind.js';
import { machinePace } from '../../support/pace.js';
import { Bench, until } from '../../support/real-context.js';
import { answers, misbehaviours, ok, onRequest, type Misbehaviour } from '../../support/servers/behaviours.js';
import { closedPort, serve } from '../../support/servers/server.js';

const pace = await machinePace();
const bench = new Bench(httpKind);
t.teardown(() => bench.close());

/** Each answer, given to a check with these options, and what the probe says of it. */
const judged: { what: string; answer: string; options?: Record<string, unknown>; reason: Reason; detail: string | RegExp }[] = [
  { what: 'a 200', answer: 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n', reason: 'ok', detail: 'HTTP 200' },
  { what: 'an HTTP/1.0 answer', answer: 'HTTP/1.0 204 No Content\r\n\r\n', reason: 'ok', detail: 'HTTP 204' },
  { what: 'an answer without a reason phrase', answer: 'HTTP/1.1 200\r\n\r\n', reason: 'ok', detail: 'HTTP 200' },
  { what: 'bare line feeds', answer: 'HTTP/1.1 200 OK\nServer: x\n\n', reason: 'ok', detail: 'HTTP 200' },
  { what: 'folded headers', answer: 'HTTP/1.1 200 OK\r\nX-A: b\r\n c\r\n\tConnection: d\r\n\r\n', reason: 'ok', detail: 'HTTP 200' },
  { what: 'a 503', answer: 'HTTP/1.1 503 Busy\r\n\r\n', reason: 'status_mismatch', detail: 'HTTP 503, expected http_2xx' },
  {
    what: 'a redirect, which is not followed',
    answer: 'HTTP/1.1 301 Moved\r\nLocation: /x\r\n\r\n',
    reason: 'status_mismatch',
    detail: 'HTTP 301, expected http_2xx',
  },
  {
    what: 'a 401 that is expected',
    answer: 'HTTP/1.1 401 No\r\n\r\n',
    options: { expected_status: [200, 401] },
    reason: 'ok',
    detail: 'HTTP 401',
  },
  { what: 'a status over 599', answer: 'HTTP/1.1 999 X\r\n\r\n', reason: 'status_mismatch', detail: 'HTTP 999, expected http_2xx' },
  {
    what: '304 without a body',
    answer: 'HTTP/1.1 304 X\r\nContent-Length: 50\r\n\r\n',
    options: { expected_status: ['http_3xx'] },
    reason: 'ok',
    detail: 'HTTP 304',
  },
  {
    what: 'a 200 after 100 interim responses',
    answer: `${'HTTP/1.1 100 Continue\r\n\r\n'.repeat(100)}HTTP/1.1 200 OK\r\n\r\n`,
    reason: 'ok',
    detail: 'HTTP 200',
  },
  {
    what: 'an interim 103, then a 500',
    answer: 'HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 500 X\r\n\r\n',
    options: { expected_status: ['http_1xx'] },
    reason: 'status_mismatch',
    detail: 'HTTP 500, expected http_1xx',
  },
  {
    what: '101, which is final',
    answer: 'HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n',
    options: { expected_status: ['http_1xx'] },
    reason: 'ok',
    detail: 'HTTP 101',
  },
  {
    what: 'HTTP/0.9',
    answer: '<html>hello</html>',
    reason: 'response_malformed',
    detail: 'not an HTTP/1.x response: "<html>hello</html>"',
  },
  { what: 'HTTP/2', answer: 'HTTP/2 200\r\n\r\n', reason: 'response_malformed', detail: /^not an HTTP\/1.x response/ },
  {
    what: 'a TLS alert',
    answer: '\x15\x03\x01\x00\x02\x02\x46',
    reason: 'response_malformed',
    detail: 'a TLS alert came back: the port speaks TLS',
  },
  {
    what: 'NUL in a header',
    answer: 'HTTP/1.1 200 OK\r\nX-A: \0\r\n\r\n',
    reason: 'ok',
    detail: 'HTTP 200',
  },
  {
    what: 'a line that is no header',
    answer: 'HTTP/1.1 200 OK\r\nno colon\r\n\r\n',
    reason: 'response_malformed',
    detail: /^HTTP 200 with a header line that is not/,
  },
  {
    what: 'terminal escapes, which are never shown raw',
    answer: '\x1b[2J\x1b]0;owned\x07',
    reason: 'response_malformed',
    detail: 'not an HTTP/1.x response: "\\u001b[2J\\u001b]0;owned\\u0007"',
  },
];

for (const { what, answer, options = {}, reason, detail } of judged) {
  t.test(`${what} ends as ${reason}`, async (t) => {
    const server = await serve(answers(answer));
    t.teardown(() => server.close());
    const ended = await bench.run(server, { options });
    t.equal(ended.reason, reason);
    if (typeof detail === 'string') t.equal(ended.detail, detail);
    else t.match(ended.detail, detail);
    t.equal(Number.isNaN(ended.rttMs), reason === 'response_malformed', 'rtt where there was an answer');
  });
}

/**
 * Reasons that a misbehaviour may end with. Where there are several, the kernel decides which side of a race is seen;
 * and a reset that arrives together with bytes is told by libuv as the end of the stream (POLLHUP after a short read).
 */
const endings: Record<Misbehaviour, readonly Reason[]> = {
  'silent after accept': ['response_timeout'],
  'closes at once': ['response_closed', 'connect_reset', 'send_failed'],
  'resets at once': ['connect_reset', 'send_failed'],
  'closes without an answer': ['response_closed'],
  'resets without an answer': ['connect_reset'],
  'resets in the middle of the status line': ['connect_reset', 'response_closed'],
  'resets in the middle of a header': ['connect_reset', 'response_closed'],
  'closes in the middle of the status line': ['response_closed'],
  'closes in the middle of a header': ['response_closed'],
  'resets in the middle of the body': ['ok', 'connect_reset'],
  'sends garbage': ['response_malformed'],
  'speaks before it is asked': ['response_malformed'],
  'sends endless garbage': ['response_malformed'],
  'sends endless headers': ['response_too_large'],
  'sends one endless header line': ['response_too_large'],
  'sends an endless reason phrase': ['response_too_large'],
  'sends endless interim responses': ['response_too_large'],
  'drips headers': ['response_timeout'],
  'drips interim responses': ['response_timeout'],
  'sends an endless body': ['ok'],
  'drips a body': ['ok'],
  'sends a huge status number': ['response_malformed'],
  'sends a negative content length': ['ok'],
  'glues a second response to the first': ['ok'],
  'half-closes and goes on reading': ['response_closed'],
};

for (const [what, reasons] of Object.entries(endings) as [Misbehaviour, readonly Reason[]][]) {
  t.test(`a backend that ${what} ends as ${reasons.join(' or ')}`, async (t) => {
    const server = await serve(misbehaviours[what]);
    t.teardown(() => server.close());
    const ended = await bench.run(server, { timeoutMs: 200 * pace, options: { method: 'GET' } });
    t.ok(reasons.includes(ended.reason), `${ended.reason}: ${ended.detail}`);
    await until(() => server.open === 0 && server.accepted === 1);
    // What the kernels of both sides buffer, and no more: vitald stopped reading.
    t.ok(server.bytesSent < 16 * 1024 * 1024, `the backend got rid of ${server.bytesSent} bytes`);
  });
}

t.test('a closed port is refused at once', async (t) => {
  t.match(await bench.run(await closedPort()), { reason: 'connect_refused', detail: '' });
  t.match(await bench.run(await closedPort('::1')), { reason: 'connect_refused', detail: '' });
});

t.test('a timeout says how far the probe came', async (t) => {
  const silent = await serve(misbehaviours['silent after accept']);
  const slow = await serve((socket) => onRequest(socket, () => socket.write('HTTP/1.1 200 OK\r\nX')));
  t.teardown(() => Promise.all([silent.close(), slow.close()]));
  const [first, second] = await Promise.all([silent, slow].map((server) => bench.run(server, { timeoutMs: 150 * pace })));
  t.match(first!.detail, /^connected in \d+ ms, then no byte of an answer$/);
  t.match(second!.detail, /^connected in \d+ ms, then 18 bytes of a header that did not end$/);
});

t.test('IPv6 is probed like IPv4, with its address in brackets as Host', async (t) => {
  const server = await serve(ok, { address: '::1' });
  t.teardown(() => server.close());
  t.match(await bench.run(server), { reason: 'ok' });
  t.match(server.received, `Host: [::1]:${server.port}\r\n`);
});

t.test('probes leave from the configured source', async (t) => {
  let from = '';
  const server = await serve((socket, count) => {
    from = socket.remoteAddress ?? '';
    ok(socket, count);
  });
  t.teardown(() => server.close());
  t.match(await bench.run(server, { source: '127.0.0.9' }), { reason: 'ok' });
  t.equal(from, '127.0.0.9');
});

t.test('a source address that this machine does not have is the checker’s fault', async (t) => {
  const server = await serve(ok);
  t.teardown(() => server.close());
  const ended = await bench.run(server, { source: '192.0.2.1' });
  t.equal(ended.reason, 'checker_source_missing');
  t.match(ended.detail, /source address/);
});

t.test('a probe that cannot be bound to its interface says so before it starts, and is the checker’s fault', async (t) => {
  const server = await serve(ok);
  t.teardown(() => server.close());
  const target = bench.target(server, { interface: 'eth9' });
  const problem = bench.probe.ready(target.compiled).error;
  if (problem === undefined) return t.pass('this machine can bind to interfaces');
  t.match(problem, /eth9/);
  t.match(await bench.probeTarget(target), { reason: /^checker_/ });
});
