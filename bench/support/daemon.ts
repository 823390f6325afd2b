/** Runs the real daemon for a measurement. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { backendPort, startBackend, type Backend } from './backend.js';
import { samples } from './metrics.js';
import { sleep } from './process.js';

/** One TCP listener. */
export interface Setup {
  /** Backends in the configuration's own words: an address, or `{ address: …, weight: … }`. */
  readonly backends: readonly string[];
  readonly intervalMs: number;
  /** Default: half a second, or the interval where that is shorter. */
  readonly timeoutMs?: number;
}

/** What does not depend on the form of the configuration. */
interface Daemon {
  readonly pid: number;
  readonly url: string;
  metrics(): Promise<Map<string, number>>;
  stop(): Promise<void>;
}

export interface RunningDaemon extends Daemon {
  /** Replaces the configuration and sends SIGHUP; does not wait for the daemon to read it. */
  reload(setup: Setup): void;
}

/** A daemon whose whole configuration is the measurement's own. */
export interface ConfiguredDaemon extends Daemon {
  /** Path of the configuration. */
  readonly file: string;
  /** Resolves when the API answers. */
  readonly serving: Promise<void>;
  /** Resolves with its exit code; null if a signal ended it. */
  readonly exited: Promise<number | null>;
  /** Replaces the configuration and sends SIGHUP; does not wait for the daemon to read it. */
  reconfigure(text: string): void;
}

const apiPort = 18_300;
/** What `server.listen` must be in a configuration of {@link spawnConfigured}. */
export const apiAddress = `127.0.0.1:${apiPort}`;

/** @param nodeFlags of the runtime, for example `--cpu-prof` */
export async function startDaemon(setup: Setup, nodeFlags: readonly string[] = []): Promise<RunningDaemon> {
  const daemon = spawnDaemon(setup, nodeFlags);
  await daemon.serving;
  return daemon;
}

/** As {@link startDaemon}, without waiting until it serves. */
export function spawnDaemon(setup: Setup, nodeFlags: readonly string[] = []): RunningDaemon & { readonly serving: Promise<void> } {
  const daemon = spawnConfigured(configuration(setup), { nodeFlags });
  return { ...daemon, reload: (changed) => daemon.reconfigure(configuration(changed)) };
}

export interface SpawnOptions {
  /** Flags of the runtime, for example `--cpu-prof`. */
  readonly nodeFlags?: readonly string[];
  /** Descriptor that its log and its standard error go to; default: standard error. */
  readonly log?: number;
}

/**
 * Starts the daemon with a configuration.
 *
 * @param text YAML or JSON, with {@link apiAddress}
 */
export function spawnConfigured(text: string, { nodeFlags = [], log = 2 }: SpawnOptions = {}): ConfiguredDaemon {
  const folder = mkdtempSync(join(tmpdir(), 'vitald-bench-'));
  const file = join(folder, 'vitald.yaml');
  const url = `http://${apiAddress}`;
  writeFileSync(file, text);
  const args = [...nodeFlags, 'dist/main.js', 'run', '-c', file, '--log-level', 'error'];
  // A profile names modules.
  const env = nodeFlags.includes('--cpu-prof') ? { ...process.env, VITALD_BUNDLE: 'off' } : process.env;
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', log, log] });
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  return {
    pid: child.pid!,
    url,
    file,
    serving: untilServes(child, `${url}/healthz`),
    exited,
    reconfigure: (changed) => {
      writeFileSync(file, changed);
      child.kill('SIGHUP');
    },
    metrics: async () => samples(await (await fetch(`${url}/metrics`)).text()),
    stop: async () => {
      child.kill('SIGCONT');
      child.kill('SIGTERM');
      await exited;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Runs `use` beside a daemon whose backends all listen, once every one of them is healthy. */
export async function withHealthyDaemon<T>(setup: Setup, use: (daemon: RunningDaemon, backend: Backend) => Promise<T>): Promise<T> {
  const backend = await startBackend();
  try {
    const daemon = await startDaemon(setup);
    try {
      await untilState(daemon, 'healthy', setup.backends.length);
      return await use(daemon, backend);
    } finally {
      await daemon.stop();
    }
  } finally {
    backend.end();
  }
}

function configuration({ backends, intervalMs, timeoutMs = Math.min(intervalMs, 500) }: Setup): string {
  const lines = [
    `server: { listen: "127.0.0.1:${apiPort}", state_dir: none }`,
    'listeners:',
    '  - name: bench',
    '    protocol: tcp',
    `    port: ${backendPort}`,
    '    profile: native',
    `    check: { interval: ${intervalMs}ms, timeout: ${timeoutMs}ms }`,
    '    backends:',
    ...backends.map((backend) => `      - ${backend}`),
  ];
  return `${lines.join('\n')}\n`;
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

/** A busy machine spoils probes, which then count for nothing: a verdict may take its time. */
const patienceMs = 120_000;

/** Waits until so many backends are in a state. @throws Error where that takes longer than two minutes */
export async function untilState(daemon: RunningDaemon, state: 'healthy' | 'unhealthy', backends: number): Promise<void> {
  const end = performance.now() + patienceMs;
  for (;;) {
    const count = await stateCount(daemon, state);
    if (count === backends) return;
    if (performance.now() > end) throw new Error(`${count} of ${backends} backends became ${state} within two minutes`);
    await sleep(100);
  }
}

/** From `/v1/listeners`, which costs the daemon little however many backends there are. */
async function stateCount({ url }: RunningDaemon, state: 'healthy' | 'unhealthy'): Promise<number> {
  const { listeners } = (await (await fetch(`${url}/v1/listeners`)).json()) as { listeners: { counts: Record<string, number> }[] };
  return listeners[0]!.counts[state]!;
}
