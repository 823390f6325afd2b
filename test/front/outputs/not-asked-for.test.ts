/** Outputs that are asked by the other side, which does not ask for everything. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { EnvoyOutput } from '#vitald/front/outputs/envoy/output.js';
import { envoy } from '#vitald/front/outputs/envoy/kind.js';
import { HaproxyAgent } from '#vitald/front/outputs/haproxy-agent/agent.js';
import { haproxyAgent } from '#vitald/front/outputs/haproxy-agent/kind.js';
import type { OutputState } from '#vitald/front/outputs/output.js';
import { PrometheusSdOutput } from '#vitald/front/outputs/prometheus-sd/output.js';
import { prometheusSd } from '#vitald/front/outputs/prometheus-sd/kind.js';
import { eventually } from '../../support/eventually.js';
import { FrontWorld } from '../../support/front-world.js';
import { runOutput, type OutputWorld } from '../../support/output-world.js';

/** Of the products it is half a minute and more. */
const windowMs = 1500;

function twoListeners(): FrontWorld {
  const world = new FrontWorld({ web: { backends: ['a', 'b'] }, dns: { backends: ['x'] } });
  for (const backend of ['a', 'b']) world.turn('web', backend, 'healthy', 'ok');
  world.turn('dns', 'x', 'healthy', 'ok');
  return world;
}

/** Asks again and again, for what the test says. */
function keepAsking(t: Test, ask: () => unknown): void {
  let isOver = false;
  const asking = (async () => {
    while (!isOver) {
      await ask();
      await setTimeout(50);
    }
  })();
  // The question under way is answered before the output closes.
  t.teardown(() => {
    isOver = true;
    return asking;
  });
}

function stateWhen({ output }: OutputWorld, wanted: (state: OutputState) => boolean): Promise<OutputState> {
  return eventually('the state', () => wanted(output.state()) && output.state()).catch((error: unknown) => {
    throw new Error(`${String(error)}; last seen: ${JSON.stringify(output.state())}`);
  });
}

/** Failing with the problem, once in the log; ok when everything is asked for, with a line in the log. */
async function followsUntilAsked(t: Test, running: OutputWorld, problem: RegExp, askForAll: () => void): Promise<void> {
  const warnings = (): readonly unknown[] => running.log.filter(({ level }) => level === 40);
  const failing = await stateWhen(running, ({ state }) => state === 'failing');
  t.match(failing.problem, problem);
  await eventually('the log', () => warnings().length > 0);
  await setTimeout(2 * windowMs);
  t.equal(warnings().length, 1, 'once');
  t.match(warnings(), [{ problem: failing.problem }]);
  askForAll();
  t.match(await stateWhen(running, ({ state }) => state === 'ok'), { problem: undefined });
  await eventually('the log', () => running.log.some(({ msg }) => /follows everything again/.test(String(msg))));
}

t.test('envoy: a listener whose cluster Envoy does not ask for', async (t) => {
  let output!: EnvoyOutput;
  const kind = { ...envoy, create: (context: never) => (output = new EnvoyOutput(context, 0, windowMs)) };
  const running = runOutput(t, twoListeners(), kind, {});
  let clusters = ['web'];
  keepAsking(t, () => {
    output.askedFor(clusters);
    output.asked.succeeded();
  });
  await followsUntilAsked(t, running, /^Envoy does not ask for dns, .*clusters: \{ CLUSTER: dns \}.*list under listeners:/, () => {
    clusters = ['web', 'dns'];
  });
});

t.test('envoy: with listeners, others are not missed', async (t) => {
  let output!: EnvoyOutput;
  const kind = { ...envoy, create: (context: never) => (output = new EnvoyOutput(context, 0, windowMs)) };
  const running = runOutput(t, twoListeners(), kind, { listeners: ['web'] });
  keepAsking(t, () => {
    output.askedFor(['web']);
    output.asked.succeeded();
  });
  await setTimeout(3 * windowMs);
  t.match(running.output.state(), { state: 'ok', problem: undefined });
  t.match(output.resolve(['dns']).problem, /Envoy asks for dns, and no listener is named so.*The listeners are web\./);
});

t.test('prometheus_sd: a listener that Prometheus does not ask for', async (t) => {
  let output!: PrometheusSdOutput;
  const kind = { ...prometheusSd, create: (context: never) => (output = new PrometheusSdOutput(context, windowMs)) };
  const running = runOutput(t, twoListeners(), kind, {});
  let listeners: readonly string[] = ['web'];
  keepAsking(t, () => {
    output.askedFor(listeners);
    output.asked.succeeded();
  });
  await followsUntilAsked(t, running, /^Prometheus does not ask for listener dns: .*\/v1\/sd\?listener=dns/, () => {
    listeners = output.listeners;
  });
});

t.test('haproxy_agent: a listener and a backend that HAProxy does not ask for', async (t) => {
  const kind = { ...haproxyAgent, create: (context: never) => new HaproxyAgent(context, windowMs) };
  const running = runOutput(t, twoListeners(), kind, { listen: '127.0.0.1:0' });
  const port = await eventually('the agent', () => (running.output.state().details['port'] as number | null) ?? undefined);
  let names = ['web/a'];
  keepAsking(t, async () => {
    for (const name of names) {
      const socket = connect(port, '127.0.0.1', () => socket.write(`${name}\n`));
      socket.on('error', () => undefined);
      await once(socket.resume(), 'close');
    }
  });
  const problem =
    /HAProxy does not ask for listener dns: .*agent-send "dns\/BACKEND\\n".*does not ask for 1 of the backends of listener web \(b\)/;
  await followsUntilAsked(t, running, problem, () => {
    names = ['web/a', 'web/b', 'dns/x'];
  });
});

t.test('haproxy_agent: a HAProxy that does not ask any more', async (t) => {
  const kind = { ...haproxyAgent, create: (context: never) => new HaproxyAgent(context, windowMs) };
  const running = runOutput(t, twoListeners(), kind, { listen: '127.0.0.1:0' });
  const port = await eventually('the agent', () => (running.output.state().details['port'] as number | null) ?? undefined);
  for (const name of ['web/a', 'web/b', 'dns/x']) {
    const socket = connect(port, '127.0.0.1', () => socket.write(`${name}\n`));
    await once(socket.resume(), 'close');
  }
  t.match(running.output.state(), { state: 'ok' });
  t.match(await stateWhen(running, ({ state }) => state === 'failing'), { problem: /HAProxy does not ask any more/ });
});
