import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import t, { type Test } from 'tap';
import { haproxyAgent } from '#vitald/front/outputs/haproxy-agent/kind.js';
import type { Output } from '#vitald/front/outputs/output.js';
import { eventually } from '../../../support/eventually.js';
import { type FrontWorld, smallWorld } from '../../../support/front-world.js';
import { tcpServer } from '../../../support/loopback.js';
import { runOutput, type OutputWorld } from '../../../support/output-world.js';
import { Stopwatch } from '../../../support/stopwatch.js';
import { wallClock } from '../../../support/wall-clock.js';

interface AgentWorld extends OutputWorld {
  readonly port: number;
  readonly world: FrontWorld;
  /** What is answered to a line. */
  readonly ask: (line: string) => Promise<string>;
}

async function startAgent(t: Test, options: object = {}, world = smallWorld()): Promise<AgentWorld> {
  const running = runOutput(t, world, haproxyAgent, { listen: '127.0.0.1:0', ...options });
  const port = await eventually('the agent to listen', () => portOf(running.output));
  return { ...running, world, port, ask: (line) => said(connect(port, '127.0.0.1'), line) };
}

const portOf = (output: Output): number | undefined => (output.state().details['port'] as number | null) ?? undefined;

/** Sends a text, and takes what comes until the other side closes. */
async function said(socket: Socket, text: string): Promise<string> {
  let answer = '';
  socket.setEncoding('utf8').on('data', (part: string) => (answer += part));
  socket.write(text);
  await once(socket, 'close');
  return answer;
}

t.test('each server is told its health, its administration and its weight', async (t) => {
  const { ask } = await startAgent(t);
  t.equal(await ask('web/app-1\n'), 'up ready 100%\n');
  t.equal(await ask('web/app-2\n'), 'down ready 100% #status_mismatch\n');
  t.equal(await ask('dns/[::1]:53\r\n'), 'up ready 100%\n', 'a listener that does not check');
});

t.test('a backend without a verdict is told nothing that would change it', async (t) => {
  const { ask, output } = await startAgent(t);
  t.equal(await ask('web/app-3\n'), '#initial\n');
  t.match(output.state(), { state: 'ok', successes: 1, problem: undefined });
});

t.test('what operators say is told', async (t) => {
  const { ask, world } = await startAgent(t);
  const { slot } = world.row('web', 'app-1');
  world.table.recordRouting(slot, false, 'maintenance');
  t.equal(await ask('web/app-1\n'), 'maint up 100%\n');
  world.table.recordRouting(slot, false, 'forced_unhealthy');
  t.equal(await ask('web/app-1\n'), 'down ready 100% #forced_unhealthy\n');
  world.table.recordRouting(slot, true, 'healthy');
  world.table.recordWeight(slot, 5);
  t.equal(await ask('web/app-1\n'), 'up ready 50%\n');
  world.table.recordRouting(slot, false, 'weight_zero');
  world.table.recordWeight(slot, 0);
  t.equal(await ask('web/app-1\n'), 'up ready 0%\n');
});

t.test('where only health is wanted, nothing else is said', async (t) => {
  const { ask } = await startAgent(t, { control: 'health' });
  t.equal(await ask('web/app-1\n'), 'up\n');
  t.equal(await ask('web/app-2\n'), 'down #status_mismatch\n');
});

t.test('HAProxy may have other names', async (t) => {
  const { ask } = await startAgent(t, { backends: { be_web: 'web' }, servers: { 'pool/s1': 'web/app-2' } });
  t.equal(await ask('be_web/app-1\n'), 'up ready 100%\n');
  t.match(await ask('pool/s1\n'), /^down /);
});

t.test('a name that is not known is answered with nothing, told in the state, and logged once', async (t) => {
  const { ask, output, log } = await startAgent(t);
  for (const name of ['web/app-9', 'web/app-9', 'nothing', 'web/', '__proto__/x', '\u001b[31mred/x']) t.equal(await ask(`${name}\n`), '');
  t.match(output.state(), { state: 'failing', failures: 6, successes: 0, problem: /which is no LISTENER\/BACKEND here/ });
  t.notMatch(output.state().problem, '\u001b');
  const warnings = () => log.filter(({ level }) => level === 40);
  await eventually('the log', () => warnings().length >= 5);
  t.equal(warnings().length, 5);
  t.match(warnings()[0], { problem: /HAProxy asks for "web\/app-9"/ });
});

t.test('a complaint is shown for a minute, though the wall clock is set forward', async (t) => {
  const { ask, output } = await startAgent(t);
  await ask('web/none\n');
  const clock = wallClock(t);
  clock.step(3_600_000);
  t.match(output.state(), { state: 'failing', problem: /which is no LISTENER\/BACKEND here/ });
});

t.test('names that are not known are not logged without end', async (t) => {
  const { ask, log } = await startAgent(t);
  for (let number = 0; number < 80; number++) await ask(`web/gone-${number}\n`);
  await eventually('the log', () => log.length >= 50);
  t.equal(log.filter(({ level }) => level === 40).length, 50);
});

t.test('who sends no name, or no end of it, is let go within a second or two, and told of', async (t) => {
  const { output, port } = await startAgent(t);
  const silent = connect(port, '127.0.0.1');
  t.equal(await said(silent, ''), '');
  await eventually('the problem', () => /does not say for which server; add agent-send/.test(output.state().problem ?? ''));
  t.equal(await said(connect(port, '127.0.0.1'), 'web/app-1'), '');
  await eventually('the problem', () => output.state().problem?.includes('"web/app-1" without an end of line'));
});

t.test('a line without end is cut off, and what follows a line is not looked at', async (t) => {
  const { ask, output } = await startAgent(t);
  t.equal(await ask('x'.repeat(10_000)), '');
  await eventually('the failure', () => output.state().failures === 1);
  t.equal(await ask(`web/app-1\n${'web/app-2\n'.repeat(3)}`), 'up ready 100%\n');
  t.equal(output.state().successes, 1);
});

t.test('who connects and leaves says nothing', async (t) => {
  const { output, port } = await startAgent(t);
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  socket.resetAndDestroy();
  await eventually('the end of the connection', () => output.state().details['connections'] === 0);
  t.match(output.state(), { state: 'idle', failures: 0 });
});

t.test('two thousand connections that say nothing keep nobody else from being answered for long', async (t) => {
  const { ask, port, output } = await startAgent(t);
  const silent = Array.from({ length: 2000 }, () => connect(port, '127.0.0.1').on('error', () => undefined));
  t.teardown(() => silent.forEach((socket) => socket.destroy()));
  await eventually('many connections', () => Number(output.state().details['connections']) > 500);
  const answer = await eventually(
    'an answer',
    async () => {
      t.ok(Number(output.state().details['connections']) <= 1024);
      return ask('web/app-1\n').catch(() => '');
    },
    { everyMs: 100 },
  );
  t.equal(answer, 'up ready 100%\n');
});

t.test('a thousand questions a second are nothing', async (t) => {
  const { ask, output } = await startAgent(t);
  const watch = await Stopwatch.start();
  for (let round = 0; round < 20; round++) await Promise.all(Array.from({ length: 100 }, () => ask('web/app-1\n')));
  t.ok(watch.isWithin(2000), `both sides in this process: ${String(watch)}`);
  t.equal(output.state().successes, 2000);
});

t.test('an address that is taken is told, and had when it is free', async (t) => {
  const other = await tcpServer('127.0.0.1');
  const { output, log } = runOutput(t, smallWorld(), haproxyAgent, { listen: `127.0.0.1:${other.port}` });
  await eventually('the failure', () => output.state().state === 'failing');
  t.match(output.state(), { problem: `127.0.0.1:${other.port} is in use by another program; stop it, or set the output's listen` });
  await other.close();
  await eventually('the agent to listen', () => portOf(output) === other.port);
  t.match(await said(connect(other.port, '127.0.0.1'), 'web/app-1\n'), /^up/);
  t.equal(output.state().state, 'ok');
  await eventually('the log', () => log.some(({ msg }) => msg === 'HAProxy can be answered again'));
});

t.test('it closes at once, open connections or not', async (t) => {
  const { output, port } = await startAgent(t);
  const socket = connect(port, '127.0.0.1').on('error', () => undefined);
  await eventually('the connection', () => output.state().details['connections'] === 1);
  const watch = await Stopwatch.start();
  await output.close();
  t.ok(watch.isWithin(900), String(watch));
  await once(socket, 'close');
  t.equal(output.state().failures, 0);
});
