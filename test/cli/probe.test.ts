import { createServer, type AddressInfo } from 'node:net';
import { createServer as createHttp } from 'node:http';
import t, { type Test } from 'tap';
import { probeCommand, type ProbeOptions } from '#vitald/cli/probe.js';

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
    [['http://127.0.0.1:1'], { expect: 'http_9xx' }, /http_9xx/],
  ];
  for (const [urls, options, message] of wrong) await t.rejects(run(urls, options), { code: 'usage', message }, String(message));
});
