/** The Runtime API of a real HAProxy; verdicts are written by hand, so that each case is there at once. */
import { unlinkSync } from 'node:fs';
import { connect } from 'node:net';
import t, { type Test } from 'tap';
import { haproxyRuntime } from '#vitald/front/outputs/haproxy-runtime/kind.js';
import type { OutputState } from '#vitald/front/outputs/output.js';
import type { RoutableBecause } from '#vitald/health/routable.js';
import { temporaryFolder } from '../support/daemon.js';
import { eventually } from '../support/eventually.js';
import { FrontWorld } from '../support/front-world.js';
import { Haproxy } from '../support/haproxy.js';
import { missingTools } from '../support/lab/requirements.js';
import { runOutput, type OutputWorld } from '../support/output-world.js';
import { ownAddress } from '../support/own-address.js';

const missing = missingTools(['haproxy']);
const skip = missing ?? false;
if (missing !== undefined) console.error(`the tests with HAProxy are skipped: ${missing}`);

/** Nobody connects to the servers; of what they are told HAProxy's statistics speak. */
const pool = (more = '', names: readonly string[] = ['a', 'b', 'c']): string =>
  `backend web\n${names.map((name) => `    server ${name} 127.0.0.1:9 weight 100 ${more}`).join('\n')}`;

interface RuntimeWorld extends OutputWorld {
  readonly haproxy: Haproxy;
  readonly world: FrontWorld;
  /** A probe that changes a state, told to the output. */
  readonly turn: (backend: string, to: 'healthy' | 'unhealthy') => void;
  /** What an operator changes. */
  readonly override: (backend: string, routable: boolean, because: RoutableBecause, weight?: number) => void;
  readonly stateWhen: (wanted: (state: OutputState) => boolean) => Promise<OutputState>;
}

function worldOf(backends: readonly string[]): FrontWorld {
  return new FrontWorld({ web: { backends } });
}

/** @param options of the output, besides its socket */
async function startRuntime(
  t: Test,
  { sections = pool(), options = {}, world = worldOf(['a', 'b', 'c']), masterWorker = false } = {},
): Promise<RuntimeWorld> {
  const haproxy = new Haproxy(t, temporaryFolder(t));
  await haproxy.start(sections, { masterWorker });
  return { haproxy, ...runRuntime(t, haproxy, world, options) };
}

function runRuntime(t: Test, haproxy: Haproxy, world: FrontWorld, options: object = {}): Omit<RuntimeWorld, 'haproxy'> {
  const running = runOutput(t, world, haproxyRuntime, { socket: haproxy.socket, reconcile_interval: '100ms', ...options });
  const turn = (backend: string, to: 'healthy' | 'unhealthy'): void =>
    running.post(world.turn('web', backend, to, to === 'healthy' ? 'ok' : 'connect_refused'));
  const override = (backend: string, routable: boolean, because: RoutableBecause, weight = 10): void => {
    const { slot } = world.row('web', backend);
    world.table.recordRouting(slot, routable, because);
    world.table.recordWeight(slot, weight);
    running.output.changed([]);
  };
  const stateWhen = (wanted: (state: OutputState) => boolean): Promise<OutputState> =>
    eventually('the state of the output', () => wanted(running.output.state()) && running.output.state()).catch((error: unknown) => {
      throw new Error(`${String(error)}; last seen: ${JSON.stringify(running.output.state())}`);
    });
  return { ...running, world, turn, override, stateWhen };
}

t.test('HAProxy is told every verdict, and that it is told is told', { skip }, async (t) => {
  const { haproxy, turn, stateWhen, state } = await startRuntime(t);
  turn('a', 'unhealthy');
  await haproxy.serverWhen('web', 'a', ({ status }) => status === 'DOWN');
  turn('b', 'healthy');
  turn('a', 'healthy');
  await haproxy.serverWhen('web', 'a', ({ isUsed }) => isUsed);
  const told = await stateWhen(({ revision }) => revision === state.changes.revision);
  t.match(told, {
    state: 'ok',
    problem: undefined,
    failures: 0,
    details: { haproxy_pid: haproxy.pid, servers: 3, servers_unknown_here: 0 },
  });
});

t.test('a start of vitald changes nothing of servers that it has no verdict of', { skip }, async (t) => {
  const haproxy = new Haproxy(t, temporaryFolder(t));
  await haproxy.start(pool());
  await haproxy.ask('set server web/a health down;set server web/b state maint;set server web/c weight 7');
  const { stateWhen } = runRuntime(t, haproxy, worldOf(['a', 'b', 'c']));
  await stateWhen(({ successes }) => successes >= 3);
  t.match(await haproxy.server('web', 'a'), { status: 'DOWN' });
  t.match(await haproxy.server('web', 'b'), { status: 'MAINT' });
  t.match(await haproxy.server('web', 'c'), { isUsed: true, weight: 7 });
});

t.test('maintenance and weights are set, and taken back', { skip }, async (t) => {
  const { haproxy, turn, override } = await startRuntime(t);
  for (const name of ['a', 'b', 'c']) turn(name, 'healthy');
  override('a', false, 'maintenance');
  await haproxy.serverWhen('web', 'a', ({ status }) => status === 'MAINT');
  override('a', true, 'healthy', 5);
  await haproxy.serverWhen('web', 'a', ({ isUsed, weight }) => isUsed && weight === 50);
  override('a', false, 'weight_zero', 0);
  await haproxy.serverWhen('web', 'a', ({ weight }) => weight === 0);
  override('a', true, 'healthy', 10);
  await haproxy.serverWhen('web', 'a', ({ isUsed, weight }) => isUsed && weight === 100);
});

t.test('a server that is ill when its maintenance ends gets no client', { skip }, async (t) => {
  const { haproxy, turn, override } = await startRuntime(t);
  turn('a', 'unhealthy');
  override('a', false, 'maintenance');
  await haproxy.serverWhen('web', 'a', ({ status }) => status === 'MAINT');
  const before = haproxy.lines.length;
  override('a', false, 'unhealthy');
  await haproxy.serverWhen('web', 'a', ({ status }) => status === 'DOWN');
  t.notMatch(haproxy.lines.slice(before).join('\n'), /web\/a is (UP[^/]|READY)/);
});

t.test('what a hand changes in HAProxy is changed back', { skip }, async (t) => {
  const { haproxy, turn } = await startRuntime(t);
  turn('a', 'healthy');
  turn('b', 'unhealthy');
  await haproxy.serverWhen('web', 'b', ({ status }) => status === 'DOWN');
  await haproxy.ask('set server web/a state drain;set server web/b health up');
  await haproxy.serverWhen('web', 'a', ({ isUsed }) => isUsed);
  await haproxy.serverWhen('web', 'b', ({ status }) => status === 'DOWN');
});

t.test('with control: health maintenance and weights stay as HAProxy has them', { skip }, async (t) => {
  const { haproxy, turn, override } = await startRuntime(t, { options: { control: 'health' } });
  for (const name of ['a', 'b', 'c']) turn(name, 'healthy');
  await haproxy.ask('set server web/b state maint;set server web/c weight 7');
  override('a', false, 'maintenance');
  await haproxy.serverWhen('web', 'a', ({ status }) => status === 'DOWN');
  t.match(await haproxy.server('web', 'b'), { status: 'MAINT' });
  t.match(await haproxy.server('web', 'c'), { weight: 7 });
});

t.test('a HAProxy that restarts has its servers set again', { skip }, async (t) => {
  const { haproxy, turn, stateWhen, log } = await startRuntime(t);
  turn('a', 'healthy');
  turn('b', 'unhealthy');
  await haproxy.serverWhen('web', 'b', ({ status }) => status === 'DOWN');
  await haproxy.stop('SIGKILL');
  // It may have ended in the middle of an answer.
  await stateWhen(({ state, problem = '' }) => state === 'failing' && /nothing listens at .*admin.sock; is HAProxy running/.test(problem));
  turn('a', 'unhealthy');
  await haproxy.start();
  for (const name of ['a', 'b']) await haproxy.serverWhen('web', name, ({ status }) => status === 'DOWN');
  t.match(await haproxy.server('web', 'c'), { isUsed: true });
  await stateWhen(({ state }) => state === 'ok');
  await eventually('the log', () => log.some(({ msg }) => /another process of HAProxy is in charge/.test(String(msg))));
});

t.test('a reload hands over to a process whose servers are set at once', { skip }, async (t) => {
  const { haproxy, turn, output } = await startRuntime(t, { masterWorker: true });
  turn('a', 'unhealthy');
  await haproxy.serverWhen('web', 'a', ({ status }) => status === 'DOWN');
  // A command line that stays open holds the old worker.
  const held = connect(haproxy.socket).on('error', () => undefined);
  t.teardown(() => held.destroy());
  held.write('prompt\n');
  const { haproxy_pid: before } = output.state().details;
  haproxy.configure(pool('', ['a', 'b', 'c', 'd']));
  await haproxy.reload(async () => (await haproxy.server('web', 'd'))?.isUsed === true);
  await haproxy.serverWhen('web', 'a', ({ status }) => status === 'DOWN');
  t.not(output.state().details['haproxy_pid'], before);
});

t.test('a vitald that restarts goes on from where HAProxy is', { skip }, async (t) => {
  const { haproxy, turn, output } = await startRuntime(t);
  turn('a', 'unhealthy');
  await haproxy.serverWhen('web', 'a', ({ status }) => status === 'DOWN');
  await output.close();
  await haproxy.ask('set server web/b health down');
  const next = runRuntime(t, haproxy, worldOf(['a', 'b', 'c']));
  await next.stateWhen(({ successes }) => successes >= 2);
  t.match(await haproxy.server('web', 'a'), { status: 'DOWN' }, 'until there is a verdict');
  next.turn('a', 'healthy');
  next.turn('b', 'healthy');
  await haproxy.serverWhen('web', 'a', ({ isUsed }) => isUsed);
  await haproxy.serverWhen('web', 'b', ({ isUsed }) => isUsed);
});

t.test('a socket that is gone is told, and found again', { skip }, async (t) => {
  const { haproxy, turn, stateWhen } = await startRuntime(t, { masterWorker: true });
  turn('a', 'healthy');
  await stateWhen(({ state }) => state === 'ok');
  unlinkSync(haproxy.socket);
  t.match(await stateWhen(({ state }) => state === 'failing'), { problem: /there is no socket .*; is HAProxy running, with stats socket/ });
  turn('a', 'unhealthy');
  await haproxy.stop();
  await haproxy.start();
  await haproxy.serverWhen('web', 'a', ({ status }) => status === 'DOWN');
});

t.test('a HAProxy that hangs is told, and gets the present when it goes on, not the past', { skip }, async (t) => {
  const { haproxy, turn, stateWhen } = await startRuntime(t);
  turn('a', 'healthy');
  await stateWhen(({ state }) => state === 'ok');
  haproxy.signal('SIGSTOP');
  turn('a', 'unhealthy');
  t.match(await stateWhen(({ state }) => state === 'failing'), { problem: /no answer within 2 s/ });
  turn('a', 'healthy');
  turn('b', 'unhealthy');
  haproxy.signal('SIGCONT');
  await haproxy.serverWhen('web', 'b', ({ status }) => status === 'DOWN');
  await stateWhen(({ state }) => state === 'ok');
  t.match(await haproxy.server('web', 'a'), { isUsed: true });
  t.notMatch(haproxy.lines.join('\n'), /web\/a is DOWN/);
});

t.test('servers that check by themselves or follow others are told of; the rest follows', { skip }, async (t) => {
  const sections = `backend web
    server a 127.0.0.1:9 check
    server b 127.0.0.1:9 track other/x
    server c 127.0.0.1:9
    server sorry 127.0.0.1:9 backup
backend other
    server x 127.0.0.1:9 check`;
  const { haproxy, turn, stateWhen, world } = await startRuntime(t, { sections, world: worldOf(['a', 'b', 'c', 'd']) });
  await haproxy.serverWhen('web', 'b', ({ status }) => status.startsWith('DOWN'));
  for (const name of ['a', 'b']) turn(name, 'healthy');
  turn('c', 'unhealthy');
  await haproxy.serverWhen('web', 'c', ({ status }) => status === 'DOWN');
  const { problem, details } = await stateWhen(({ state }) => state === 'failing');
  t.match(problem, /web\/a has a check of HAProxy.*remove check from its line/);
  t.match(problem, /HAProxy refuses "set server web\/b health up": "cannot change health on a tracking server."/);
  t.match(problem, /only 3 of the 4 backends of listener web have a server in HAProxy's backend web/);
  t.match(details, { servers: 3, servers_unknown_here: 1 });
  t.equal(world.row('web', 'd').state, 'initial');
});

t.test('a socket may be an address', { skip }, async (t) => {
  const haproxy = new Haproxy(t, temporaryFolder(t));
  const address = `${ownAddress}:18320`;
  await haproxy.start(`global\n    stats socket ipv4@${address} level admin\n${pool()}`);
  const { turn } = runRuntime(t, haproxy, worldOf(['a', 'b', 'c']), { socket: address });
  turn('a', 'unhealthy');
  await haproxy.serverWhen('web', 'a', ({ status }) => status === 'DOWN');
});

t.test('a socket without the right to set is told', { skip }, async (t) => {
  const haproxy = new Haproxy(t, temporaryFolder(t));
  const modest = `${haproxy.socket}.modest`;
  await haproxy.start(`global\n    stats socket ${modest} level operator\n${pool()}`);
  const { turn, stateWhen } = runRuntime(t, haproxy, worldOf(['a', 'b', 'c']), { socket: modest });
  turn('a', 'unhealthy');
  const { problem } = await stateWhen(({ state }) => state === 'failing');
  t.match(problem, /HAProxy refuses "set server web\/a health down": "Permission denied.*\(the stats socket needs level admin\)/);
});

t.test('a backend that the configuration names and HAProxy does not have is told', { skip }, async (t) => {
  const options = { backends: { be_web: 'web', be_old: 'web' }, servers: { 'pool/s1': 'web/b' } };
  const sections = `backend be_web\n    server a 127.0.0.1:9\n    server c 127.0.0.1:9\nbackend pool\n    server s1 127.0.0.1:9`;
  const { haproxy, turn, stateWhen } = await startRuntime(t, { sections, options });
  turn('a', 'unhealthy');
  turn('b', 'unhealthy');
  await haproxy.serverWhen('be_web', 'a', ({ status }) => status === 'DOWN');
  await haproxy.serverWhen('pool', 's1', ({ status }) => status === 'DOWN');
  t.match(await stateWhen(({ state }) => state === 'failing'), { problem: /HAProxy has no backend be_old with servers/ });
});

t.test('a listener that HAProxy has no backend for is failing, until there is one, and is logged once', { skip }, async (t) => {
  const world = new FrontWorld({ web: { backends: ['a', 'b', 'c'] }, dns: { backends: ['x'] } });
  const sections = `${pool()}\nbackend be_dns\n    server x 127.0.0.1:9`;
  const { haproxy, turn, stateWhen, log, output } = await startRuntime(t, { sections, world, masterWorker: true });
  const failing = await stateWhen(({ state }) => state === 'failing');
  t.match(failing, {
    problem: /no backend "dns" with servers.*listener dns.*backends: \{ be_dns: dns \}/,
    details: { listeners_not_followed: 1 },
  });
  turn('a', 'unhealthy');
  await haproxy.serverWhen('web', 'a', ({ status }) => status === 'DOWN');
  await stateWhen(({ failures }) => failures >= 5);
  t.equal(log.filter(({ level }) => Number(level) >= 40).length, 1, 'not in each run');
  t.match(
    log.find(({ level }) => level === 40),
    { problem: failing.problem, msg: /HAProxy does not follow everything: .*listener dns/ },
  );
  t.equal(output.state().successes, 0);

  haproxy.configure(`${pool()}\nbackend dns\n    server x 127.0.0.1:9`);
  await haproxy.reload(async () => (await haproxy.server('dns', 'x')) !== undefined);
  t.match(await stateWhen(({ state }) => state === 'ok'), { problem: undefined, details: { listeners_not_followed: 0, servers: 4 } });
  await eventually('the log', () => log.some(({ msg }) => msg === 'everything in HAProxy follows'));
});

t.test('not one listener has a backend', { skip }, async (t) => {
  const { stateWhen } = await startRuntime(t, { sections: pool().replace('backend web', 'backend be_web') });
  t.match(await stateWhen(({ state }) => state === 'failing'), {
    successes: 0,
    lastSuccessAt: undefined,
    problem: /backends: \{ be_web: web \}/,
  });
});

t.test('a mapping that the message gives is one that works', { skip }, async (t) => {
  const sections = 'backend be_web\n    server s1 10.0.0.1:80\n    server b 127.0.0.1:9\n    server c 127.0.0.1:9';
  const first = await startRuntime(t, { sections });
  const mapping = /backends: \{ be_web: web \}/;
  t.match(await first.stateWhen(({ state }) => state === 'failing'), { problem: mapping });
  const second = runRuntime(t, first.haproxy, worldOf(['a', 'b', 'c']), { backends: { be_web: 'web' } });
  t.match(await second.stateWhen(({ state }) => state === 'failing'), { problem: /a has none.*servers: \{ be_web\/s1: web\/a \}/ });
  const third = runRuntime(t, first.haproxy, worldOf(['a', 'b', 'c']), { backends: { be_web: 'web' }, servers: { 'be_web/s1': 'web/a' } });
  await third.stateWhen(({ state }) => state === 'ok');
});

t.test('a backend that is added at runtime is missed, until HAProxy has its server', { skip }, async (t) => {
  const { haproxy, world, stateWhen, reconfigure } = await startRuntime(t, { masterWorker: true });
  await stateWhen(({ state }) => state === 'ok');
  reconfigure(world.reconfigure({ web: { backends: ['a', 'b', 'c', 'd'] } }));
  t.match(await stateWhen(({ state }) => state === 'failing'), { problem: /only 3 of the 4 backends of listener web.*: d has none/ });
  haproxy.configure(pool('', ['a', 'b', 'c', 'd']));
  await haproxy.reload(async () => (await haproxy.server('web', 'd')) !== undefined);
  await stateWhen(({ state }) => state === 'ok');
});

t.test('an output that is for some listeners leaves the others alone', { skip }, async (t) => {
  const world = new FrontWorld({ web: { backends: ['a', 'b', 'c'] }, dns: { backends: ['x'] } });
  const sections = `${pool()}\nbackend dns\n    server x 127.0.0.1:9`;
  const { haproxy, stateWhen, post } = await startRuntime(t, { sections, world, options: { listeners: ['web'] } });
  post(world.turn('dns', 'x', 'unhealthy', 'connect_refused'), world.turn('web', 'a', 'unhealthy', 'connect_refused'));
  await haproxy.serverWhen('web', 'a', ({ status }) => status === 'DOWN');
  t.match(await stateWhen(({ state }) => state === 'ok'), { details: { servers: 3 } });
  t.match(await haproxy.server('dns', 'x'), { isUsed: true });
});

t.test('hundreds of servers are set by a few lines', { skip }, async (t) => {
  const names = Array.from({ length: 1000 }, (_, place) => `app-${place}`);
  const world = new FrontWorld({ web: { backends: names } }, 1024);
  for (const name of names) world.turn('web', name, 'unhealthy', 'connect_refused');
  const { haproxy, stateWhen } = await startRuntime(t, { sections: pool('', names), world });
  const { details } = await stateWhen(({ state }) => state === 'ok');
  t.match(details, { servers: 1000, commands_sent: 1000 });
  t.equal((await haproxy.ask('show stat')).match(/^web,app-\d+,.*,DOWN,/gm)?.length, 1000);
});
