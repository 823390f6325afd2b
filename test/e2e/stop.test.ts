/** SIGTERM ends the daemon within five seconds, whatever it is waiting for. */
import { execFileSync, spawn } from 'node:child_process';
import { closeSync, constants, mkdirSync, openSync, readdirSync, readFileSync, readSync, writeFileSync, writeSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { ask, backendPath } from '../support/asking.js';
import { RunningDaemon, temporaryFolder } from '../support/daemon.js';
import { deadDiskProblem, withDeadDisk } from '../support/dead-disk.js';
import { eventually } from '../support/eventually.js';
import { HookReceiver } from '../support/hook-receiver.js';
import { stopsInTime } from '../support/stopping.js';
import { listener, openAndClosed, server, settled } from '../support/two-backends.js';

/** A pipe that a test reads as it likes. */
function pipeOf(t: Test, folder: string) {
  const path = join(folder, 'log');
  execFileSync('mkfifo', [path]);
  const fd = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
  t.teardown(() => closeSync(fd));
  const buffer = Buffer.alloc(1 << 20);
  let text = '';
  /** All that was read so far. */
  const read = (): string => {
    try {
      text += buffer.toString('utf8', 0, readSync(fd, buffer));
    } catch {
      // Empty for now.
    }
    return text;
  };
  /** So that nothing more fits in. */
  const fill = (): void => {
    for (const size of [4096, 1]) {
      try {
        for (;;) writeSync(fd, Buffer.alloc(size, '\n'));
      } catch {
        // Full.
      }
    }
  };
  return { path, read, fill };
}

for (const [what, redirection] of [
  ['the log', '> "$0"'],
  ['log and standard error', '> "$0" 2>&1'],
] as const) {
  t.test(`a reader of ${what} that hangs`, async (t) => {
    const folder = temporaryFolder(t);
    const pipe = pipeOf(t, folder);
    const config = { server, listeners: [listener('web', await openAndClosed(t))] };
    const within = (command: readonly string[]): string[] => ['sh', '-c', `exec "$@" ${redirection}`, pipe.path, ...command];
    const daemon = RunningDaemon.launch(folder, { config, within });
    t.teardown(() => daemon.stop('SIGKILL'));
    const url = await eventually('the API', () => /"the API listens at (http:[^"]+)"/.exec(pipe.read())?.[1]);
    await eventually('a verdict', () => /is healthy/.test(pipe.read()));
    pipe.fill();
    const put = await fetch(`${url}${backendPath('up')}/override`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ mode: 'maintenance', reason: 'test' }),
    });
    t.equal(put.status, 200, 'an answer whose log line cannot be written');
    t.match(await (await fetch(`${url}/v1/status`)).json(), { backends: [{ routable_because: 'maintenance' }, {}] });
    t.match(await stopsInTime(t, daemon), { exitCode: 0, signal: null });
  });
}

t.test('an output command that ignores SIGTERM', async (t) => {
  const folder = temporaryFolder(t);
  const outputs = { command: [{ command: ['/bin/sh', '-c', `trap '' TERM; echo begun > ${folder}/begun; sleep 1000`], timeout: '60s' }] };
  const config = { server, outputs, listeners: [listener('web', await openAndClosed(t))] };
  const daemon = await RunningDaemon.start(t, folder, { config });
  await settled(daemon, 'web');
  await eventually('the command', () => execFileSync('ls', [folder]).includes('begun'));
  t.match(await stopsInTime(t, daemon), { exitCode: 0 });
});

t.test('a webhook that does not answer', async (t) => {
  const hook = await HookReceiver.start(t);
  hook.answer = () => undefined;
  const outputs = { webhook: [{ url: hook.url, timeout: '60s' }] };
  const config = { server, outputs, listeners: [listener('web', await openAndClosed(t))] };
  const daemon = await RunningDaemon.start(t, temporaryFolder(t), { config });
  await eventually('a delivery', () => hook.deliveries.length > 0);
  t.match(await stopsInTime(t, daemon), { exitCode: 0 });
});

t.test('clients that wait, that send slowly, and that do not read', async (t) => {
  const config = { server, listeners: [listener('web', await openAndClosed(t))] };
  const daemon = await RunningDaemon.start(t, temporaryFolder(t), { config });
  const { epoch, revision } = await settled(daemon, 'web');
  const { hostname: host, port } = new URL(daemon.url);
  const send = (text: string): Promise<void> =>
    new Promise((resolve, reject) => {
      const socket = connect({ host, port: Number(port) });
      t.teardown(() => socket.destroy());
      socket.on('error', reject);
      socket.write(text, () => resolve());
    });
  const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n`;
  await send(`${get(`/v1/status?since=${revision}&epoch=${encodeURIComponent(epoch)}&wait=10m`)}\r\n`);
  await send(`${get('/v1/events')}\r\n`);
  await send(get('/v1/status'));
  await send(
    `PUT ${backendPath('up')}/override HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{`,
  );
  await send(`${get('/openapi.json')}\r\n`.repeat(200));
  t.match(await stopsInTime(t, daemon), { exitCode: 0 });
});

t.test('a start that waits for the turn of another process at the lock, and says so', async (t) => {
  const folder = temporaryFolder(t);
  const stateDir = join(folder, 'state');
  mkdirSync(stateDir);
  const other = spawn('sleep', ['1000']);
  t.teardown(() => other.kill('SIGKILL'));
  writeFileSync(join(stateDir, 'lock.turn'), turnOf(other.pid!));
  const daemon = RunningDaemon.launch(folder, { config: { server: { ...server, state_dir: stateDir }, listeners: [] } });
  const said = await eventually('a sentence', () => daemon.complaints.find((line) => line.includes('lock.turn')));
  t.match(said, new RegExp(`waiting for .*/state/lock\\.turn: process ${other.pid} is taking the lock`));
  t.match(await stopsInTime(t, daemon), { exitCode: 0 });
});

/** As a living process writes it (persistence/lock-turn.ts). */
function turnOf(pid: number): string {
  const text = (command: string): string => execFileSync('sh', ['-c', command]).toString().trim();
  const start = text(`cut -d ' ' -f 22 /proc/${pid}/stat`);
  const boot = text('cat /proc/sys/kernel/random/boot_id');
  return JSON.stringify({ pid, start, boot, namespace: text('readlink /proc/self/ns/pid'), id: 'x' });
}

/** True once a thread of a process waits for the dead file system. */
function waitsForFuse(pid: number): boolean {
  return readdirSync(`/proc/${pid}/task`).some((task) =>
    /fuse|request_wait_answer/.test(readFileSync(`/proc/${pid}/task/${task}/stack`, 'utf8')),
  );
}

const skip = deadDiskProblem();

t.test('a configuration on a disk that does not answer: the start is given up', { skip }, async (t) => {
  const folder = temporaryFolder(t);
  mkdirSync(join(folder, 'dead'));
  const config = {
    server,
    listeners: [listener('web', await openAndClosed(t), { type: 'https', tls: { ca_file: join(folder, 'dead/ca') } })],
  };
  const daemon = RunningDaemon.launch(folder, { config, within: withDeadDisk(join(folder, 'dead')) });
  await eventually('the read', () => waitsForFuse(daemon.pid));
  const ended = await stopsInTime(t, daemon);
  t.match(ended, { exitCode: 4, err: /stopped without .*reading of the configuration/ });
});

t.test('a configuration on a disk that does not answer ends the start with a sentence', { skip }, async (t) => {
  const folder = temporaryFolder(t);
  mkdirSync(join(folder, 'dead'));
  const config = {
    server,
    listeners: [listener('web', await openAndClosed(t), { type: 'https', tls: { ca_file: join(folder, 'dead/ca') } })],
  };
  const daemon = RunningDaemon.launch(folder, { config, within: withDeadDisk(join(folder, 'dead')) });
  t.match(await daemon.ended, { exitCode: 1, err: /dead\/ca.*cannot be read: its file system has not answered for 10 s/ });
});

t.test('secrets on a disk that does not answer: reported, and left behind by the stop', { skip }, async (t) => {
  const folder = temporaryFolder(t);
  mkdirSync(join(folder, 'dead'));
  const outputs = {
    webhook: [1, 2, 3, 4, 5].map((nth) => ({ name: `w${nth}`, url: 'http://127.0.0.1:9/', secret_file: join(folder, `dead/${nth}`) })),
  };
  const stateDir = join(folder, 'state');
  const config = { server: { ...server, state_dir: stateDir }, outputs, listeners: [listener('web', await openAndClosed(t))] };
  const daemon = await RunningDaemon.start(t, folder, { config, within: withDeadDisk(join(folder, 'dead')) });
  await settled(daemon, 'web');
  await daemon.logged(({ problem }) => /dead\/\d cannot be read \(its file system has not answered for 5 s\)/.test(String(problem)), 1);
  await daemon.logged(({ problem }) => /not tried while other files do not answer: .*dead/.test(String(problem)), 1);
  const put = await ask(daemon, 'PUT', `${backendPath('up')}/override`, { mode: 'maintenance', reason: 'test' });
  t.equal(put.status, 200, 'a change is saved meanwhile');
  t.match(await stopsInTime(t, daemon), { exitCode: 4, err: /stopped without the API thread/ });
});
