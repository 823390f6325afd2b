/** The machine that the doctor runs on, by what Node.js brings and nothing else. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { readdir, readFile, readlink } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { cpus, networkInterfaces } from 'node:os';
import { errorCode, type Connected, type LocalAddress, type Machine, type Ran } from './machine.js';

const runLimits = { timeoutMs: 5000, outputBytes: 16 * 1024 * 1024 };
/** Administrators' programs are not where an ordinary user's PATH looks. A fixed list: nobody's PATH decides what root runs. */
const programPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

export function localMachine(): Machine {
  return {
    isRoot: isRoot(),
    processors: Math.max(cpus().length, 1),
    now: () => Date.now(),
    sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    readFile: (path) => readFile(path, 'utf8'),
    readlink: (path) => readlink(path),
    readdir: (path) => readdir(path),
    run,
    connect,
    addresses,
  };
}

/** By the effective user (proc(5)); os.userInfo() fails for users without a name, as containers have them. */
function isRoot(): boolean {
  try {
    return /^Uid:\s+\d+\s+0\s/m.test(readFileSync('/proc/self/status', 'utf8'));
  } catch {
    return false;
  }
}

function run(program: string, args: readonly string[]): Promise<Ran> {
  const options = {
    timeout: runLimits.timeoutMs,
    maxBuffer: runLimits.outputBytes,
    killSignal: 'SIGKILL',
    env: { PATH: programPath, LC_ALL: 'C' },
    cwd: '/',
  } as const;
  return new Promise((resolve, reject) => {
    execFile(program, args, options, (error, out, err) => {
      if (error === null) resolve({ exitCode: 0, out, err });
      else if (errorCode(error) === 'ENOENT') reject(Object.assign(new Error(`${program} is not installed`), { code: 'ENOENT' }));
      else resolve({ exitCode: typeof error.code === 'number' ? error.code : undefined, out, err: err === '' ? error.message : err });
    });
  });
}

function connect(address: string, port: number, timeoutMs: number): Promise<Connected> {
  return new Promise((resolve) => {
    const startedAt = performance.now();
    const socket = createConnection({ host: address, port });
    const end = (how: Connected['end'], detail: string): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve({ end: how, detail, tookMs: performance.now() - startedAt });
    };
    const timer = setTimeout(() => end('timeout', `no answer within ${timeoutMs} ms`), timeoutMs);
    socket.on('connect', () => end('connected', 'the connection was accepted'));
    socket.on('error', (error) => end(errorCode(error) === 'ECONNREFUSED' ? 'refused' : 'failed', error.message));
  });
}

function addresses(): LocalAddress[] {
  return Object.entries(networkInterfaces()).flatMap(([name, list]) =>
    (list ?? []).map(({ address, cidr }) => ({
      address: address.split('%')[0]!,
      prefix: Number(cidr?.split('/')[1] ?? (address.includes(':') ? 128 : 32)),
      interface: name,
    })),
  );
}
