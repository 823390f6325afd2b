/** Runs the real daemon for a measurement, and reads what the kernel and its metrics say of it. */
import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';

export interface RunningDaemon {
  readonly pid: number;
  readonly url: string;
  stop(): Promise<void>;
}

/** Starts `vitald run` and waits until it serves. */
export async function startDaemon(configFile: string, url: string): Promise<RunningDaemon> {
  const child = spawn(process.execPath, ['dist/main.js', 'run', '-c', configFile, '--log-level', 'error'], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  await untilServes(child, `${url}/healthz`);
  return {
    pid: child.pid!,
    url,
    stop: () => {
      child.kill('SIGTERM');
      return exited;
    },
  };
}

async function untilServes(child: ChildProcess, url: string): Promise<void> {
  for (;;) {
    if (child.exitCode !== null) throw new Error(`the daemon ended with exit code ${child.exitCode}`);
    try {
      if ((await fetch(url)).ok) return;
    } catch {
      await sleep(50);
    }
  }
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Processor time of a whole process, user and system, all threads; ms, in steps of 10. */
export function cpuMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  const ticksPerSecond = 100;
  return ((Number(fields[11]) + Number(fields[12])) * 1000) / ticksPerSecond;
}

/** Processor time of one thread; the main thread has the number of its process. */
export function threadCpuMs(pid: number, thread: number): number {
  const [onCpuNs] = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ');
  return Number(onCpuNs) / 1e6;
}

export function residentMb(pid: number): number {
  return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
}

/** Samples of a Prometheus text, by metric name and labels as written. */
export function samples(text: string): Map<string, number> {
  const found = new Map<string, number>();
  for (const line of text.split('\n')) {
    const end = line.lastIndexOf(' ');
    if (!line.startsWith('#') && end > 0) found.set(line.slice(0, end), Number(line.slice(end + 1)));
  }
  return found;
}

/** Sum of all samples of a metric whose labels hold `label`. */
export function total(all: ReadonlyMap<string, number>, name: string, label = ''): number {
  let sum = 0;
  for (const [key, value] of all) if (key.startsWith(`${name}{`) && key.includes(label)) sum += value;
  return sum;
}

/** The bucket that holds a quantile of what a histogram counted between two scrapes: its upper bound in seconds. */
export function quantile(before: ReadonlyMap<string, number>, after: ReadonlyMap<string, number>, name: string, q: number): number {
  const bounds = [...after.keys()].flatMap((key) => {
    const bound = key.startsWith(`${name}_bucket`) ? /le="([^"]+)"/.exec(key)?.[1] : undefined;
    return bound === undefined ? [] : [{ key, bound: bound === '+Inf' ? Infinity : Number(bound) }];
  });
  const counted = (key: string): number => (after.get(key) ?? 0) - (before.get(key) ?? 0);
  const count = Math.max(...bounds.map(({ key }) => counted(key)));
  return bounds.filter(({ key }) => counted(key) >= q * count).reduce((least, { bound }) => Math.min(least, bound), Infinity);
}
