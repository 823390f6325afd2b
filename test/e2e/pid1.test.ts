/** vitald as PID 1 of a container without an init, and in containers that hide parts of /proc. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { RunningDaemon, temporaryFolder } from '../support/daemon.js';
import { eventually } from '../support/eventually.js';
import { childrenOf } from '../support/inherited.js';
import { listener, openAndClosed, quick, server, settled } from '../support/two-backends.js';

const skip = process.getuid?.() === 0 ? false : 'root is needed';

/** A PID namespace whose first process is the command, with what `mounts` does to /proc. */
const inContainer =
  (mounts: string) =>
  (command: readonly string[]): string[] => [
    'unshare',
    '--pid',
    '--fork',
    '--kill-child',
    '--mount',
    'sh',
    '-c',
    `${mounts}\nexec "$@"`,
    'sh',
    ...command,
  ];

/** The daemon behind unshare, which waits for it and takes no signal meanwhile. It ends with the test. */
function inside(t: Test, daemon: RunningDaemon): number {
  const children = childrenOf(daemon.pid);
  if (children.length !== 1) throw new Error(`${children.length} children`);
  const { pid } = children[0]!;
  t.teardown(() => childrenOf(daemon.pid).some((child) => child.pid === pid) && process.kill(pid, 'SIGTERM'));
  return pid;
}

/** A backend that changes its state all the time, so that an output has something to run for. */
async function flapping(t: Test, daemon: RunningDaemon, count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    const answer = await fetch(`${daemon.url}/v1/listeners/web/backends/up/override`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ mode: i % 2 === 0 ? 'maintenance' : 'forced_healthy', reason: 'test' }),
    });
    t.equal(answer.status, 200);
    await sleep(150);
  }
}

t.test('as PID 1 without an init, what commands leave running does not stay as zombies', { skip }, async (t) => {
  const both = await openAndClosed(t);
  const folder = temporaryFolder(t);
  const done = join(folder, 'done');
  // One stays in its process group, one begins a session of its own.
  const script = `cat > /dev/null; sleep 0.1 & setsid sleep 0.1 & echo run >> ${done}; exit 0`;
  const config = {
    server,
    outputs: { command: [{ command: ['/bin/sh', '-c', script], batch_size: 1, batch_interval: '100ms' }] },
    listeners: [listener('web', both)],
  };
  writeFileSync(done, '');
  const daemon = await RunningDaemon.start(t, folder, { config, within: inContainer('mount -t proc proc /proc') });
  await settled(daemon, 'web');
  const pid = inside(t, daemon);
  await flapping(t, daemon, 8);
  await eventually('all orphans to be reaped', () => childrenOf(pid).length === 0);
  const outputs = await daemon.get<{ outputs: { successes_total?: number }[] }>('/v1/outputs');
  t.comment(JSON.stringify(outputs.outputs[0]));
  t.equal(await daemon.metric('vitald_output_failures_total'), 0, 'exit codes of the commands themselves were not lost');
});

t.test('as PID 1 it ends by SIGTERM', { skip }, async (t) => {
  const both = await openAndClosed(t);
  const daemon = await RunningDaemon.start(t, temporaryFolder(t), {
    config: { server, listeners: [listener('web', both)] },
    within: inContainer('mount -t proc proc /proc'),
  });
  process.kill(inside(t, daemon), 'SIGTERM');
  t.match(await daemon.ended, { exitCode: 0 });
});

const hidden = {
  'no /proc/sys (subset=pid)': { mounts: 'mount -t proc -o subset=pid proc /proc', warns: true },
  'a read-only /proc': { mounts: 'mount -t proc -o ro proc /proc', warns: false },
  'hidepid=2': { mounts: 'mount -t proc -o hidepid=2 proc /proc', warns: false },
  'no /proc at all': { mounts: 'mount -t tmpfs -o ro tmpfs /proc', warns: true },
};

for (const [name, { mounts, warns }] of Object.entries(hidden)) {
  t.test(`with ${name} the daemon starts, probes, and says what it cannot know`, { skip }, async (t) => {
    const both = await openAndClosed(t);
    const folder = temporaryFolder(t);
    const config = {
      server: { ...server, state_dir: join(folder, 'state') },
      listeners: [
        listener('web', both, { type: 'tcp', tcp: { method: 'syn' } }),
        listener('connect', both, { type: 'tcp', tcp: { method: 'connect' } }),
        { name: 'http', check: { ...quick, type: 'http' }, backends: [`127.0.0.1:${both.down}`] },
        { name: 'ping', protocol: 'tcp', check: { ...quick, type: 'ping' }, backends: ['127.0.0.1:1'] },
        { name: 'udp', protocol: 'udp', check: quick, backends: ['127.0.0.1:1'] },
      ],
    };
    const daemon = await RunningDaemon.start(t, folder, { config, within: inContainer(mounts) });
    inside(t, daemon);
    await settled(daemon, 'web', 'connect');
    await daemon.statusWhen((backends) =>
      Object.entries({ ping: 'healthy', http: 'unhealthy' }).every(([name, state]) =>
        backends.some((one) => one.listener === name && one.state === state),
      ),
    );
    t.match(await daemon.text('/metrics'), /^vitald_build_info/m);
    t.equal((await fetch(`${daemon.url}/`)).status, 200);
    const warnings = daemon.log.filter(({ level }) => level === 'warn').map(({ msg }) => msg);
    const aboutPorts = warnings.filter((text) => /cannot read \/proc\/sys\/net\/ipv4\/ip_local_port_range/.test(text));
    t.equal(aboutPorts.length, warns ? 1 : 0, warnings.join('\n'));
    t.notOk(
      warnings.some((text) => /cannot be locked/.test(text)),
      'the state folder is locked',
    );
    t.same(daemon.complaints, []);
  });
}
