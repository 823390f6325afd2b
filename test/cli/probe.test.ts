import { createServer, type AddressInfo } from 'node:net';
import { createServer as createHttp } from 'node:http';
import t, { type Test } from 'tap';
import { createSocket } from 'node:dgram';
import { probeCommand, type ProbeOptions } from '#vitald/cli/probe.js';
import { probeOnce } from '#vitald/probes/one-shot.js';
import { pingKind } from '#vitald/probes/ping/kind.js';
import { oneShotKind } from '#vitald/probes/ping/one-shot.js';
import type { ProbeKind } from '#vitald/probes/probe.js';

const defaults: ProbeOptions = { timeout: '2s', count: '1', json: false };

/** What the command writes, and its exit code. */
async function run(urls: string[], options: Partial<ProbeOptions> = {}): Promise<{ out: string; code: number }> {
  let out = '';
  const io = { out: (text: string) => (out += text), err: () => undefined, color: false };
  return { code: await probeCommand(urls, { ...defaults, ...options }, io), out };
}

async function listening(t: Test, server: ReturnType<typeof createServer>): Promise<number> {
  t.teardown(() => new Promise((resolve) => server.close(resolve)));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

t.test('one line each, and exit code 0 when all pass', async (t) => {
  const port = await listening(
    t,
    createServer((socket) => socket.destroy()),
  );
  const { out, code } = await run([`tcp://127.0.0.1:${port}`], { count: '2' });
  t.match(out, new RegExp(`^pass  tcp://127\\.0\\.0\\.1:${port}  ok  [\\d.]+ ms  \\((syn|connect)\\)\n`));
  t.equal(out.split('\n').length, 3);
  t.equal(code, 0);
});

t.test('a failure has its reason, and exit code 1', async (t) => {
  const { out, code } = await run(['tcp://127.0.0.1:1']);
  t.match(out, /^fail {2}tcp:\/\/127\.0\.0\.1:1 {2}connect_refused/);
  t.equal(code, 1);
});

t.test('http: path, name, method and expected status are as asked', async (t) => {
  const seen: string[] = [];
  const server = createHttp((request, response) => {
    seen.push(`${request.method} ${request.url} ${request.headers.host}`);
    response.writeHead(404).end();
  });
  const port = await listening(t, server);
  const failed = await run([`http://localhost:${port}/a?b=c`]);
  t.match(failed, { code: 1, out: /status_mismatch: HTTP 404, expected http_2xx/ });
  const passed = await run([`http://127.0.0.1:${port}`], { method: 'get', expect: '404' });
  t.match(passed, { code: 0 });
  t.same(seen, [`HEAD /a?b=c localhost:${port}`, `GET / 127.0.0.1:${port}`]);
});

t.test('http: headers, Host and version are as asked', async (t) => {
  const seen: string[] = [];
  const server = createHttp((request, response) => {
    const { host, 'x-a': a, 'x-b': b } = request.headers;
    seen.push(`${request.httpVersion} ${host} ${String(a)} ${String(b)}`);
    response.end();
  });
  const port = await listening(t, server);
  const { code } = await run([`http://127.0.0.1:${port}/`], { header: ['X-A: 1', 'X-B:2:3'], host: 'example.com', httpVersion: '1.0' });
  t.equal(code, 0);
  t.same(seen, ['1.0 example.com 1 2:3']);
});

t.test('tcp: the method is as asked', async (t) => {
  const port = await listening(
    t,
    createServer((socket) => socket.destroy()),
  );
  t.match(await run([`tcp://127.0.0.1:${port}`], { method: 'connect' }), { code: 0, out: /\(connect\)/ });
});

t.test('udp: datagram and expected answer are as asked', async (t) => {
  const socket = createSocket('udp4').on('message', (message, { port }) => socket.send(`got ${message.toString()}`, port, '127.0.0.1'));
  t.teardown(() => socket.close());
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  const url = `udp://127.0.0.1:${socket.address().port}`;
  t.match(await run([url], { send: 'text:ping', expect: 'text:got ping' }), { code: 0 });
  t.match(await run([url], { send: 'hex:70', expect: 'text:pong' }), { code: 1, out: /reply_mismatch: answer "got p"/ });
});

t.test('a flag may be for some of the URLs only', async (t) => {
  const port = await listening(
    t,
    createHttp((_request, response) => response.end()),
  );
  const { code } = await run([`http://127.0.0.1:${port}/`, `tcp://127.0.0.1:${port}`], { method: 'GET' });
  t.equal(code, 0);
});

for (const address of ['127.0.0.1', '[::1]']) {
  t.test(`ping://${address} is the daemon’s own ping`, async (t) => {
    const kind = pingKind as ProbeKind;
    t.equal(oneShotKind(kind, { timeoutMs: 1, source: undefined, interface: undefined, options: {} }), kind);
    const { out } = await run([`ping://${address}`]);
    const bare = address.replace(/[[\]]/g, '');
    const own = await probeOnce(
      (context) => kind.create(context),
      { timeoutMs: 2000, source: undefined, interface: undefined, options: {} },
      { address: bare, family: bare.includes(':') ? 6 : 4, port: 0 },
    );
    t.match(out, new RegExp(`^${own.kind} +ping://\\S+ +${own.reason}`), 'with or without the permission');
  });
}

t.test('a machine where koffi does not work has the ping of net-ping', async (t) => {
  const settings = { timeoutMs: 1, source: undefined, interface: undefined, options: {} };
  t.not(oneShotKind(pingKind, settings, false), pingKind);
  t.equal(oneShotKind(pingKind, { ...settings, source: '127.0.0.1' }, false), pingKind, 'net-ping cannot choose a source');
});

t.test('--json is one object a line', async (t) => {
  const { out } = await run(['tcp://127.0.0.1:1'], { json: true });
  t.match(JSON.parse(out), { url: 'tcp://127.0.0.1:1', address: '127.0.0.1', port: 1, outcome: 'fail', reason: 'connect_refused' });
});

t.test('what is not understood says what is', async (t) => {
  const wrong: [string[], Partial<ProbeOptions>, RegExp][] = [
    [['10.0.0.1:80'], {}, /not something to probe; write for example tcp:/],
    [['smtp://10.0.0.1'], {}, /not something to probe/],
    [['tcp://127.0.0.1'], {}, /needs a port/],
    [['tcp://127.0.0.1:99999'], {}, /port from 1 to 65535/],
    [['tcp://no-such-host.invalid:80'], {}, /neither an IP address nor a name/],
    [['tcp://127.0.0.1:1'], { timeout: 'soon' }, /--timeout "soon" is not a duration/],
    [['tcp://127.0.0.1:1'], { count: '0' }, /--count "0"/],
    [['http://127.0.0.1:1'], { expect: 'http_9xx' }, /--expect "http_9xx" is not a status/],
    [['tcp://127.0.0.1:1'], { expect: '200' }, /--expect "200" does not go with tcp; it is for http and https/],
    [['http://127.0.0.1:1'], { send: 'text:x' }, /--send "text:x" does not go with http; it is for udp/],
    [['http://127.0.0.1:1'], { method: 'syn' }, /--method "syn" does not go with http/],
    [['http://127.0.0.1:1'], { verify: true }, /--verify does not go with http; it is for https/],
    [['http://127.0.0.1:1'], { header: ['X-Secret s3cret'] }, /^--header is not of the form "Name: value"$/],
    [['udp://127.0.0.1:1'], { send: 'ping' }, /udp\.send is not "text:…"/],
    [['http://user:s3cret@127.0.0.1:1'], {}, /^"http:\/\/…@127/],
  ];
  for (const [urls, options, message] of wrong) await t.rejects(run(urls, options), { code: 'usage', message }, String(message));
});
