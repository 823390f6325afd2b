/** What commands do when their answer cannot be written: a full disk (/dev/full), or a reader that went away. */
import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { missingTools } from '../support/lab/requirements.js';
import { mustRun } from '../support/child.js';
import { RunningDaemon, temporaryFolder } from '../support/daemon.js';
import { eventually } from '../support/eventually.js';
import { ownAddress } from '../support/own-address.js';
import { tcpServer } from '../support/loopback.js';

const skip = existsSync('/dev/full') ? false : 'there is no /dev/full';
const wasNotWritten = 3;
const atATime = 4;

interface Ended {
  readonly exitCode: number | null;
  readonly err: string;
}

/** Runs a program whose standard output is the descriptor. */
function runInto(stdout: number | 'closed', command: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ended> {
  const [program, ...args] = command;
  const child = spawn(program!, args, {
    env: { ...process.env, ...env },
    stdio: ['ignore', stdout === 'closed' ? 'pipe' : stdout, 'pipe'],
  });
  // The pipe exists, and is never read.
  if (stdout === 'closed') child.stdout!.destroy();
  let err = '';
  child.stderr!.setEncoding('utf8').on('data', (text: string) => (err += text));
  return new Promise((resolve) => child.on('close', (exitCode) => resolve({ exitCode, err })));
}

async function intoFullDisk(command: readonly string[], env?: NodeJS.ProcessEnv): Promise<Ended> {
  const full = openSync('/dev/full', 'w');
  try {
    return await runInto(full, command, env);
  } finally {
    closeSync(full);
  }
}

const vitald = (...args: string[]): string[] => [process.execPath, 'dist/main.js', ...args];

/** A daemon with a backend that answers, and every command that writes an answer. */
async function commands(t: Test): Promise<{
  readonly daemon: RunningDaemon;
  readonly finite: Record<string, string[]>;
  readonly endless: Record<string, string[]>;
}> {
  const backend = await tcpServer('127.0.0.1');
  t.teardown(() => backend.close());
  const folder = temporaryFolder(t);
  const config = {
    server: { listen: `${ownAddress}:0`, state_dir: 'none' },
    listeners: [
      {
        name: 'web',
        protocol: 'tcp',
        check: { interval: '200ms', timeout: '150ms' },
        backends: [{ address: '127.0.0.1', port: backend.port, name: 'a' }],
      },
    ],
  };
  const daemon = await RunningDaemon.start(t, folder, { config });
  await daemon.backendWhen('web', 'a', ({ state }) => state === 'healthy');
  const file = daemon.configFile;
  const api = ['--api', daemon.url];
  const url = `tcp://127.0.0.1:${backend.port}`;
  const reason = ['--reason', 'a test', '--by', 'a test'];
  return {
    daemon,
    finite: {
      help: ['--help'],
      'help of a command': ['help', 'run'],
      'help of run': ['run', '--help'],
      version: ['version'],
      schema: ['schema'],
      profiles: ['profiles'],
      token: ['token'],
      check: ['check', '-c', file],
      'check --print': ['check', '-c', file, '--print'],
      'check --json': ['check', '-c', file, '--json'],
      probe: ['probe', url],
      'probe --json': ['probe', url, '--json', '--count', '2'],
      'diagnose a URL': ['diagnose', url],
      'diagnose a backend --json': ['diagnose', 'web', 'a', '-c', file, '--json'],
      doctor: ['doctor', '--port', String(backend.port)],
      status: ['status', ...api],
      'status --json': ['status', '--json', ...api],
      'status of one': ['status', 'web', 'a', ...api],
      weight: ['weight', 'web', 'a', '5', ...reason, ...api],
      override: ['override', 'web', 'a', 'forced_healthy', ...reason, ...api],
      'override --list': ['override', '--list', ...api],
      'override that is in force': ['override', 'web', 'a', ...api],
      'override --end': ['override', 'web', 'a', '--end', ...api],
    },
    endless: {
      events: ['events', '--since', '1', ...api],
      'events --json': ['events', '--json', '--since', '1', ...api],
      'status --watch': ['status', '--watch', ...api],
      'status --watch --json': ['status', '--watch', '--json', ...api],
    },
  };
}

/** Makes changes for as long as the test runs, so that commands that follow have something to write. */
function keepChanging(t: Test, daemon: RunningDaemon): void {
  let weight = 1;
  const timer = setInterval(() => {
    weight = (weight % 100) + 1;
    const body = JSON.stringify({ weight, reason: 'a test', by: 'a test' });
    const headers = { 'content-type': 'application/json' };
    void fetch(`${daemon.url}/v1/listeners/web/backends/a/weight`, { method: 'PUT', headers, body }).catch(() => undefined);
  }, 50);
  t.teardown(() => clearInterval(timer));
}

/** Runs commands, some at a time; those that need the ones before them, one after the other. */
async function each(all: Readonly<Record<string, string[]>>, run: (name: string, args: readonly string[]) => Promise<void>): Promise<void> {
  const entries = Object.entries(all);
  const inOrder = entries.filter(([, [command]]) => command === 'override');
  const others = entries.filter((entry) => !inOrder.includes(entry));
  for (const [name, args] of inOrder) await run(name, args);
  for (let next = 0; next < others.length; next += atATime)
    await Promise.all(others.slice(next, next + atATime).map(([name, args]) => run(name, args)));
}

t.test('every command with an answer is in this test', async (t) => {
  const { finite, endless } = await commands(t);
  const tried = new Set([...Object.values(finite), ...Object.values(endless)].map(([name]) => name));
  const help = await mustRun(vitald('--help'));
  const known = [...help.slice(help.indexOf('Commands:')).matchAll(/^ {2}(\w+)/gm)].map((match) => match[1]!);
  t.ok(known.length > 10);
  // `run` answers by its log, which must not stop it.
  t.same(
    known.filter((name) => !tried.has(name)),
    [],
  );
});

t.test('an answer that a full disk does not take: exit code 3, and one line that says so', { skip }, async (t) => {
  const { daemon, finite, endless } = await commands(t);
  keepChanging(t, daemon);
  await each({ ...finite, ...endless }, async (name, args) => {
    const { exitCode, err } = await intoFullDisk(vitald(...args));
    t.equal(exitCode, wasNotWritten, name);
    const lines = err.split('\n').filter((line) => line.startsWith('vitald: the output'));
    t.same(lines, ['vitald: the output could not be written: no space is left on the device'], name);
    t.notMatch(err, /\n\s+at /, 'no stack trace');
  });
});

t.test('a reader that went away is no error, and ends commands that only follow', async (t) => {
  const { daemon, finite, endless } = await commands(t);
  keepChanging(t, daemon);
  const some = Object.fromEntries(
    Object.entries(finite).filter(([name]) => /^(schema|check --print|probe --json|status|diagnose a URL)$/.test(name)),
  );
  await each({ ...some, ...endless }, async (name, args) => {
    const { exitCode, err } = await runInto('closed', vitald(...args));
    t.equal(exitCode, 0, name);
    t.notMatch(err, /EPIPE|could not be written|\n\s+at /, name);
  });
});

t.test('the doctor that stands alone does the same', { skip }, async (t) => {
  const doctor = [process.execPath, 'dist/doctor.mjs', '--port', '9'];
  const { exitCode, err } = await intoFullDisk(doctor);
  t.match({ exitCode, err }, { exitCode: wasNotWritten, err: 'doctor: the output could not be written: no space is left on the device\n' });
  t.equal((await intoFullDisk([process.execPath, 'dist/doctor.mjs', '--help'])).exitCode, wasNotWritten);
  t.equal((await runInto('closed', doctor)).err, '');
});

const missingMount = missingTools(['unshare', 'mount']) ?? (process.getuid?.() === 0 ? undefined : 'only root may mount');

t.test('a disk that takes only the beginning of an answer', { skip: missingMount ?? false }, async (t) => {
  // A file system of its own, in a mount namespace that ends with the command.
  const folder = temporaryFolder(t);
  const program = `mount -t tmpfs -o size=16k tmpfs ${folder} && ${vitald('schema').join(' ')} > ${folder}/schema.json; echo "ended with $?, wrote $(wc -c < ${folder}/schema.json)" >&2`;
  const { err } = await runInto('closed', ['unshare', '-m', 'sh', '-c', program]);
  t.match(err, /no space is left on the device\n.*ended with 3, wrote \d+/s);
});

t.test('the log of a daemon on a full disk does not stop it', { skip }, async (t) => {
  const folder = temporaryFolder(t);
  const file = join(folder, 'vitald.yaml');
  const port = 18_341;
  writeFileSync(file, JSON.stringify({ server: { listen: `${ownAddress}:${port}`, state_dir: 'none' }, listeners: [] }));
  const full = openSync('/dev/full', 'w');
  const child = spawn(process.execPath, ['dist/main.js', 'run', '-c', file], { stdio: ['ignore', full, full] });
  closeSync(full);
  const ended = new Promise((resolve) => child.once('close', (exitCode) => resolve(exitCode)));
  t.teardown(() => child.kill('SIGKILL'));
  await eventually('the API', async () => (await fetch(`http://${ownAddress}:${port}/healthz`).catch(() => undefined))?.ok === true);
  child.kill('SIGHUP');
  await new Promise((resolve) => setTimeout(resolve, 300));
  t.ok((await fetch(`http://${ownAddress}:${port}/healthz`)).ok);
  child.kill('SIGTERM');
  t.equal(await ended, 0);
  t.ok(statSync(file).size > 0);
});
