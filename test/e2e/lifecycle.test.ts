import { existsSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { RunningDaemon, temporaryFolder } from '../support/daemon.js';
import { eventually } from '../support/eventually.js';
import { closedTcpPort, tcpServer } from '../support/loopback.js';

const quick = { interval: '200ms', timeout: '150ms', healthy_threshold: 2, unhealthy_threshold: 2 };

interface Ports {
  readonly up: number;
  readonly down: number;
}

async function ports(t: Test): Promise<Ports> {
  const up = await tcpServer('127.0.0.1');
  t.teardown(() => up.close());
  return { up: up.port, down: await closedTcpPort('127.0.0.1') };
}

const listener = (name: string, { up, down }: Ports, check: object = {}): object => ({
  name,
  check: { ...quick, ...check },
  backends: [
    { address: '127.0.0.1', port: up, name: 'up' },
    { address: '127.0.0.1', port: down, name: 'down' },
  ],
});

const server = { listen: '127.0.0.1:0', state_dir: 'none' };

async function settled(daemon: RunningDaemon, name: string): Promise<void> {
  await daemon.backendWhen(name, 'up', ({ state }) => state === 'healthy');
  await daemon.backendWhen(name, 'down', ({ state }) => state === 'unhealthy');
}

t.test('SIGHUP: a changed configuration comes into force, and what did not change is not disturbed', async (t) => {
  const both = await ports(t);
  const daemon = await RunningDaemon.start(t, temporaryFolder(t), {
    config: { server, listeners: [listener('kept', both), listener('dropped', both)] },
  });
  await settled(daemon, 'kept');
  const before = await daemon.status();
  const keptBefore = await daemon.backend('kept', 'up');

  daemon.rewriteConfig({ server, listeners: [listener('kept', both), listener('added', both)] });
  daemon.signal('SIGHUP');
  const changed = await eventually('the new plan', async () => {
    const status = await daemon.status(`?since=${before.revision}`);
    return status.backends.some((one) => one.listener === 'added') && status;
  });
  t.match(changed.removed.map((one) => `${one.listener}/${one.backend}`).sort(), ['dropped/down', 'dropped/up']);
  t.notOk(
    changed.backends.some((one) => one.listener === 'kept'),
    'nothing of the listener that stayed',
  );
  await settled(daemon, 'added');
  const kept = await daemon.backend('kept', 'up');
  t.match(kept, { state: 'healthy', since: keptBefore.since, revision: keptBefore.revision });
  t.ok(kept.run!.length > keptBefore.run!.length, 'its run of passes goes on');
  t.equal(await daemon.metric('vitald_config_last_reload_successful'), 1);
});

t.test('SIGHUP with mistakes: the old plan stays, the metric says so, and one line of the log names every problem', async (t) => {
  const both = await ports(t);
  const daemon = await RunningDaemon.start(t, temporaryFolder(t), { config: { server, listeners: [listener('web', both)] } });
  await settled(daemon, 'web');
  const before = await daemon.status();
  const probesBefore = await daemon.metric('vitald_probes_total');

  daemon.rewriteConfig('listeners:\n  - name: web\n    protcol: tcp\n    backends: [ 10.0.0.300:80 ]\n');
  daemon.signal('SIGHUP');
  await eventually('the metric', async () => (await daemon.metric('vitald_config_last_reload_successful')) === 0);
  const errors = await eventually('an error in the log', () => {
    const found = daemon.log.filter(({ level }) => level === 'error');
    return found.length > 0 && found;
  });
  t.equal(errors.length, 1);
  const problems = errors[0]!['problems'] as string[];
  t.equal(problems.length, 2);
  t.match(problems[0], /vitald\.yaml:3:5: listeners\[0\]\.protcol: .*protocol/);
  t.match(problems[1], /vitald\.yaml:4:17: listeners\[0\]\.backends\[0\]: .*10\.0\.0\.300/);
  t.equal((await daemon.status()).revision, before.revision, 'nothing changed');
  await eventually('probes to go on', async () => (await daemon.metric('vitald_probes_total')) > probesBefore + 4);

  daemon.rewriteConfig({ server, listeners: [listener('web', both), listener('more', both)] });
  daemon.signal('SIGHUP');
  await settled(daemon, 'more');
  t.equal(await daemon.metric('vitald_config_last_reload_successful'), 1, 'and the next good one is taken');
});

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  t.test(`${signal}: stops within five seconds with code 0, state saved; the next start knows it`, async (t) => {
    const both = await ports(t);
    const folder = temporaryFolder(t);
    const stateDir = join(folder, 'state');
    const config = { server: { ...server, state_dir: stateDir }, listeners: [listener('web', both, { interval: '1s' })] };
    const first = await RunningDaemon.start(t, folder, { config });
    await settled(first, 'web');
    const before = await first.status();
    // A poller that waits must not hold up the end.
    const waiting = first.status(`?since=${before.revision}&wait=5m`).catch(() => undefined);

    const signaledAt = performance.now();
    t.match(await first.stop(signal), { exitCode: 0, signal: null, err: '' });
    t.ok(performance.now() - signaledAt < 5000);
    await waiting;
    t.ok(existsSync(join(stateDir, 'state.json')));

    const second = await RunningDaemon.start(t, folder, { config });
    const after = await second.status();
    const short = ({ backend, state, since, routable }: (typeof after.backends)[number]): object => ({ backend, state, since, routable });
    t.same(after.backends.map(short), before.backends.map(short), 'from its first answer on, before any probe');
    t.ok(after.revision >= before.revision, 'revisions only grow');
    t.notOk(
      second.log.some(({ to }) => to !== undefined),
      'and no transition is logged for what was known',
    );
  });
}

t.test('a process that stood still for 6 s blames no backend', async (t) => {
  // Answers after 100 ms: at any time there is a good chance that a probe is under way.
  const slow = await tcpServer('0.0.0.0', (stream) => {
    setTimeout(() => stream.end('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'), 100);
  });
  t.teardown(() => slow.close());
  const http = {
    name: 'http',
    protocol: 'http',
    check: { ...quick, timeout: '1s', unhealthy_threshold: 1 },
    backends: Array.from({ length: 10 }, (_, i) => ({ address: `127.0.0.${i + 1}`, port: slow.port })),
  };
  const both = await ports(t);
  const tcp = { ...listener('tcp', both, { unhealthy_threshold: 1 }), backends: [{ address: '127.0.0.1', port: both.up, name: 'up' }] };
  const daemon = await RunningDaemon.start(t, temporaryFolder(t), { config: { server, listeners: [http, tcp] } });
  await eventually('all to be healthy', async () => (await daemon.status()).backends.every(({ state }) => state === 'healthy'));
  const before = await daemon.status();
  const probesBefore = await daemon.metric('vitald_probes_total');

  daemon.signal('SIGSTOP');
  // The length is the point: many intervals and several timeouts.
  await new Promise((resolve) => setTimeout(resolve, 6000));
  daemon.signal('SIGCONT');

  await eventually('some more probes', async () => (await daemon.metric('vitald_probes_total')) > probesBefore + 60);
  const since = await daemon.status(`?since=${before.revision}`);
  t.match(since, { complete: false, backends: [], removed: [] }, 'no backend changed');
  t.equal(await daemon.metric('vitald_probes_total', 'outcome="fail"'), 0);
});
