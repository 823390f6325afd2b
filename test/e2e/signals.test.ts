/** Each signal at moments from the start of the process on: the table in docs/deployment.md, "Signals". */
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { constants } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { Child } from '../support/child.js';
import { RunningDaemon, temporaryFolder } from '../support/daemon.js';
import { eventually } from '../support/eventually.js';
import { survives } from '../support/handled-signals.js';
import { closedTcpPort } from '../support/loopback.js';
import { listener, openAndClosed, server, settled } from '../support/two-backends.js';

const momentsMs = [0, 20, 50, 100, 200, 300];
const harmless = ['SIGUSR1', 'SIGUSR2', 'SIGALRM', 'SIGVTALRM', 'SIGIO', 'SIGPWR', 'SIGPIPE', 'SIGWINCH', 'SIGCONT'] as const;
const stopping = ['SIGTERM', 'SIGINT', 'SIGQUIT'] as const;

const config = { server, listeners: [{ name: 'web', check: { enabled: false }, backends: ['127.0.0.1:1'] }] };

/** Whether the inspector accepts connections. */
async function isOpen(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  const opened = await Promise.race([once(socket, 'connect').then(() => true), once(socket, 'error').then(() => false)]).catch(() => false);
  socket.destroy();
  return opened;
}

/** Starts a daemon, sends it signals at a moment, and says whether vitald itself handled signals by then: SIGHUP is its last one. */
async function signalledAt(t: Test, ms: number, signals: readonly NodeJS.Signals[]) {
  const inspector = await closedTcpPort('127.0.0.1');
  const within = (command: readonly string[]): string[] => ['env', `NODE_OPTIONS=--inspect-port=127.0.0.1:${inspector}`, ...command];
  const daemon = RunningDaemon.launch(temporaryFolder(t), { config, within });
  t.teardown(() => daemon.stop('SIGKILL'));
  await sleep(ms);
  const isHandled = survives(daemon.pid, 'SIGHUP');
  for (const signal of signals) daemon.signal(signal);
  return { daemon, inspector, isHandled };
}

for (const ms of momentsMs) {
  t.test(`harmless signals and SIGHUP, ${ms} ms after the start, leave a daemon that runs`, async (t) => {
    const { daemon, inspector, isHandled } = await signalledAt(t, ms, [...harmless, 'SIGHUP']);
    if (isHandled) {
      await daemon.listening();
      t.equal((await fetch(`${daemon.url}/healthz`)).status, 200);
      t.equal(await isOpen(inspector), false, 'the inspector is closed');
      t.equal((await daemon.stop()).exitCode, 0);
    } else {
      t.comment(`after ${ms} ms Node.js had not come to the first line`);
      const { signal } = await daemon.ended;
      t.ok(signal !== null, 'what Node.js itself does not handle ends the process');
    }
  });

  t.test(`SIGUSR1 alone, ${ms} ms after the start, never leaves the inspector open`, async (t) => {
    const { daemon, inspector } = await signalledAt(t, ms, ['SIGUSR1']);
    let ended: NodeJS.Signals | null | undefined;
    void daemon.ended.then(({ signal }) => (ended = signal));
    await eventually('the first line of the program, or the end', () => ended !== undefined || survives(daemon.pid, 'SIGHUP'));
    // Before Node.js has started, the kernel's default action ends the process.
    if (ended !== undefined) return t.equal(ended, 'SIGUSR1');
    await eventually('the inspector to be closed', async () => !(await isOpen(inspector)));
    await sleep(500);
    t.equal(await isOpen(inspector), false, 'and it stays closed');
  });

  t.test(`SIGTERM, SIGINT and SIGQUIT, ${ms} ms after the start, end the process`, async (t) => {
    for (const signal of stopping) {
      const { daemon, isHandled } = await signalledAt(t, ms, [signal]);
      const ended = await daemon.ended;
      if (isHandled) t.equal(ended.exitCode, 0, `${signal}: in good order; ${ended.err}`);
      else t.ok(ended.signal === signal || ended.exitCode === 0, `${signal}: by the signal, or just in good order`);
    }
  });
}

t.test('signals are handled before the program is loaded', async (t) => {
  const daemon = RunningDaemon.launch(temporaryFolder(t), { config });
  t.teardown(() => daemon.stop('SIGKILL'));
  await eventually('SIGHUP to be handled', () => survives(daemon.pid, 'SIGHUP'), { everyMs: 1 });
  const open = readFileSync(`/proc/${daemon.pid}/maps`, 'latin1');
  t.notMatch(open, /koffi|raw\.node/, 'no native package is loaded yet');
  await daemon.listening();
  t.match(readFileSync(`/proc/${daemon.pid}/maps`, 'latin1'), /koffi/, 'it is later');
});

t.test('harmless signals during the life of a daemon: nothing changes, in any thread', async (t) => {
  const both = await openAndClosed(t);
  const inspector = await closedTcpPort('127.0.0.1');
  const daemon = await RunningDaemon.start(t, temporaryFolder(t), {
    config: { server, listeners: [listener('web', both)] },
    within: (command) => ['env', `NODE_OPTIONS=--inspect-port=127.0.0.1:${inspector}`, ...command],
  });
  const before = await settled(daemon, 'web');
  for (const signal of harmless) {
    daemon.signal(signal);
    await sleep(20);
  }
  const probes = await daemon.metric('vitald_probes_total');
  await eventually('probes to go on', async () => (await daemon.metric('vitald_probes_total')) > probes + 4);
  t.equal(await isOpen(inspector), false, 'no inspector');
  t.equal((await daemon.status()).revision, before.revision);
  t.same(daemon.complaints, []);
});

t.test('a daemon that is stopped and goes on (SIGTSTP, SIGCONT) holds nothing against its backends', async (t) => {
  const both = await openAndClosed(t);
  const daemon = await RunningDaemon.start(t, temporaryFolder(t), { config: { server, listeners: [listener('web', both)] } });
  const before = await settled(daemon, 'web');
  daemon.signal('SIGTSTP');
  await sleep(1500);
  daemon.signal('SIGCONT');
  const probes = await daemon.metric('vitald_probes_total');
  await eventually('probes to go on', async () => (await daemon.metric('vitald_probes_total')) > probes + 10);
  t.equal((await daemon.status()).revision, before.revision, 'no verdict has changed');
});

t.test('from the first line on, every harmless signal and SIGHUP leave a daemon that runs', async (t) => {
  const inspector = await closedTcpPort('127.0.0.1');
  const within = (command: readonly string[]): string[] => ['env', `NODE_OPTIONS=--inspect-port=127.0.0.1:${inspector}`, ...command];
  const daemon = RunningDaemon.launch(temporaryFolder(t), { config, within });
  t.teardown(() => daemon.stop('SIGKILL'));
  await eventually('the first line', () => survives(daemon.pid, 'SIGHUP'), { everyMs: 1 });
  for (const pauseMs of [0, 20, 30, 50, 100, 100]) {
    await sleep(pauseMs);
    for (const signal of [...harmless, 'SIGHUP'] as const) daemon.signal(signal);
  }
  await daemon.listening();
  t.equal((await fetch(`${daemon.url}/healthz`)).status, 200);
  t.equal(await isOpen(inspector), false, 'the inspector is closed');
  t.equal((await daemon.stop()).exitCode, 0);
});

t.test('a second SIGTERM ends a daemon at once whose stop takes its time, because a command does not end', async (t) => {
  const folder = temporaryFolder(t);
  const begun = join(folder, 'begun');
  // A stop waits almost a second for it.
  const command = ['/bin/sh', '-c', `trap '' TERM; echo $$ > ${begun}; exec sleep 1000`];
  const listeners = [listener('web', await openAndClosed(t))];
  const daemon = await RunningDaemon.start(t, folder, {
    config: { server, outputs: { command: [{ command, timeout: '60s' }] }, listeners },
  });
  const pid = await eventually('the command', () => existsSync(begun) && Number(readFileSync(begun, 'utf8')));
  t.teardown(() => process.kill(pid, 'SIGKILL'));
  // A busy daemon may handle the first one late. A signal within 250 ms of that counts as the same request.
  const again = setInterval(() => daemon.signal('SIGTERM'), 100);
  daemon.signal('SIGTERM');
  t.match(await daemon.ended, { exitCode: 128 + constants.signals.SIGTERM });
  clearInterval(again);
});

t.test('other commands end by signals, and when their reader is gone', async (t) => {
  const both = await openAndClosed(t);
  const daemon = await RunningDaemon.start(t, temporaryFolder(t), { config: { server, listeners: [listener('web', both)] } });
  await settled(daemon, 'web');
  const vitald = (...args: string[]): string[] => [process.execPath, 'dist/main.js', ...args];
  const commands = [
    vitald('status', '--watch', '--api', daemon.url),
    vitald('events', '--since', '0', '--api', daemon.url),
    vitald('probe', `tcp://127.0.0.1:${both.up}`, '--count', '10000'),
  ];
  for (const command of commands) {
    for (const signal of ['SIGHUP', 'SIGTERM', 'SIGINT'] as const) {
      const child = new Child(command);
      await child.line(/./);
      t.match(await child.stop(signal), { signal }, `${command[2]}: ${signal}`);
    }
  }
  // The others write only when something changes.
  const probing = new Child(commands.at(-1)!);
  await probing.line(/./);
  probing.process.kill('SIGUSR1');
  probing.process.stdout!.destroy();
  t.match(await probing.ended, { exitCode: 0 }, 'probe: the reader is gone');
});
