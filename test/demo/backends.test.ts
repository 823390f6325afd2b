import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { get as getHttp, type IncomingMessage } from 'node:http';
import { get as getHttps } from 'node:https';
import t from 'tap';
import { parse } from 'yaml';
import { CodedError } from '#vitald/errors.js';
import { demoPorts, type DemoPorts } from '#vitald/demo/ports.js';
import { startDemoBackends } from '#vitald/demo/start.js';
import { ConnectProbe } from '#vitald/probes/tcp/connect.js';
import { UdpProbe } from '#vitald/probes/udp/probe.js';
import { tcpServer, udpServer } from '../support/loopback.js';
import { runProbe, TimerContext } from '../support/run-probe.js';

const anyPorts = Object.fromEntries(Object.keys(demoPorts).map((name) => [name, 0])) as unknown as DemoPorts;

const tcp = async (port: number, timeoutMs = 5000): Promise<string> => {
  const context = new TimerContext();
  return (await runProbe(context, new ConnectProbe(context), { port, timeoutMs })).reason;
};

const udp = async (port: number, options: object, timeoutMs = 5000): Promise<string> => {
  const context = new TimerContext();
  return (await runProbe(context, new UdpProbe(context), { port, timeoutMs, options: { udp: options } })).reason;
};

const status = async (get: typeof getHttp, url: string, options = {}): Promise<number | undefined> => {
  const [response] = (await once(get(url, { agent: false, ...options }), 'response')) as [IncomingMessage];
  response.resume();
  return response.statusCode;
};

t.test('each demo backend behaves as it says', async (t) => {
  const demo = await startDemoBackends({ ports: anyPorts, slowMs: 120, flapMs: 60_000 });
  t.teardown(() => demo.stop());
  const { ports } = demo;
  const url = (name: keyof DemoPorts): string => `http://127.0.0.1:${ports[name]}/`;
  const says = (name: keyof DemoPorts, what: RegExp): void => {
    const line = demo.describe.find((line) => line.startsWith(`127.0.0.1:${ports[name]} `));
    t.match(line, what, `${name} says so`);
  };

  t.equal(await tcp(ports.answers), 'ok');
  t.equal(await status(getHttp, url('answers')), 200);
  says('answers', /HTTP 200/);

  t.equal(await tcp(ports.refuses), 'connect_refused');
  says('refuses', /nothing listens/);

  t.equal(await tcp(ports.silent, 100), 'connect_timeout');
  t.equal(await tcp(ports.silent, 100), 'connect_timeout', 'and again: earlier attempts make no room');
  says('silent', /answers nothing/);

  const startedAt = performance.now();
  t.equal(await status(getHttp, url('slow')), 200);
  t.ok(performance.now() - startedAt > 110, 'slow takes its time');
  says('slow', /HTTP 200 after 0.12 s/);

  t.equal(await status(getHttp, url('error503')), 503);
  says('error503', /HTTP 503/);

  t.equal(await status(getHttps, `https://127.0.0.1:${ports.https}/`, { rejectUnauthorized: false }), 200);
  await t.rejects(status(getHttps, `https://127.0.0.1:${ports.https}/`), { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' });
  says('https', /self-signed/);

  t.equal(await udp(ports.udpAnswers, { send: 'text:hello', expect: 'text:hello' }), 'ok');
  says('udpAnswers', /echo/);
  t.equal(await udp(ports.udpClosed, {}), 'port_unreachable');
  says('udpClosed', /port unreachable/);
  t.equal(await udp(ports.udpSilent, { expect: 'text:hello' }, 300), 'reply_timeout');
  says('udpSilent', /answers none/);
});

t.test('the flapping backend goes down and comes up again, by itself', async (t) => {
  const demo = await startDemoBackends({ ports: anyPorts, flapMs: 50 });
  t.teardown(() => demo.stop());
  for (const wanted of ['ok', 'connect_refused', 'ok', 'connect_refused']) {
    while ((await tcp(demo.ports.flapping)) !== wanted);
    t.pass(wanted);
  }
});

t.test('after stop nothing is left listening', async (t) => {
  const demo = await startDemoBackends({ ports: anyPorts });
  await demo.stop();
  for (const name of ['answers', 'silent', 'slow', 'error503', 'flapping', 'https'] as const) {
    t.equal(await tcp(demo.ports[name]), 'connect_refused', name);
  }
  t.equal(await udp(demo.ports.udpAnswers, {}), 'port_unreachable');
});

t.test('a port that another program has is said in one sentence, and nothing is left running', async (t) => {
  const other = await tcpServer('127.0.0.1');
  const otherUdp = await udpServer('127.0.0.1');
  t.teardown(() => Promise.all([other.close(), otherUdp.close()]));
  const taken = { silent: other.port, https: other.port, udpClosed: otherUdp.port };
  for (const [name, port] of Object.entries(taken)) {
    const error: unknown = await startDemoBackends({ ports: { ...anyPorts, [name]: port } }).catch((error: unknown) => error);
    t.type(error, CodedError);
    t.match(error, {
      code: 'address_in_use',
      exitCode: 3,
      message: new RegExp(
        `^the demo backend “${name}” needs port ${port} of 127.0.0.1, which another program has; .* without --demo-backends$`,
      ),
    });
  }
});

t.test('the quick start asks the demo backends, all of them', async (t) => {
  const file = parse(readFileSync('config/quickstart.yaml', 'utf8')) as { listeners: { backends: { port: number }[] }[] };
  const asked = file.listeners.flatMap(({ backends }) => backends.map(({ port }) => port));
  t.same(new Set(asked), new Set(Object.values(demoPorts)));
});
