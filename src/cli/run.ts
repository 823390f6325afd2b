/** `vitald run`: the daemon, in the foreground. See docs/deployment.md. */
import { CodedError } from '../errors.js';
import type { Io } from './io.js';

/** The daemon stopped, but some of it had to be left behind; what was to be saved last may be missing. */
export const exitCodeLeftBehind = 4;

export interface RunOptions {
  readonly demoBackends: boolean;
}

/** The daemon, as far as this command is concerned (see daemon.ts). */
export interface Daemon {
  start(): Promise<unknown>;
  reload(): Promise<void>;
  /** @returns what could not be ended, for people */
  stop(): Promise<readonly string[]>;
}

/** What the process hears from outside. */
export interface Signals {
  onReload(fn: () => void): void;
  /** Calls `fn` at the first wish to stop. */
  onStop(fn: () => void): void;
}

/** Servers to probe when there are none yet. */
export interface DemoBackends {
  /** What each of them shows, a line each. */
  readonly describe: readonly string[];
  stop(): Promise<void>;
}

export interface RunDependencies {
  createDaemon(): Daemon;
  startDemoBackends(): Promise<DemoBackends>;
  readonly signals: Signals;
  readonly io: Io;
  /** Called if threads are left that cannot end, and with them the process cannot in the usual way. */
  onLeftBehind(): void;
}

/**
 * Runs until a signal ends it.
 *
 * @returns the exit code
 * @throws CodedError where it cannot start
 */
export async function runCommand({ demoBackends }: RunOptions, deps: RunDependencies): Promise<number> {
  const { signals, io } = deps;
  let isStopping = false;
  const stopped = new Promise<void>((resolve) => {
    signals.onStop(() => {
      isStopping = true;
      resolve();
    });
  });
  const demo = demoBackends ? await deps.startDemoBackends() : undefined;
  let daemon: Daemon | undefined;
  try {
    // The signal came while the program was loaded.
    if (isStopping) return 0;
    const created = (daemon = deps.createDaemon());
    signals.onReload(() => void created.reload());
    const started = daemon.start();
    // A start may wait: for a lock, or for a file system. It fails when the daemon stops; that is not an error then.
    started.catch(() => undefined);
    await Promise.race([started, stopped]);
    if (demo !== undefined) for (const line of demo.describe) io.err(`demo backend  ${line}\n`);
    await stopped;
    return (await isStopped(daemon, deps)) ? 0 : exitCodeLeftBehind;
  } catch (error) {
    if (error instanceof CodedError && error.code === 'config_invalid') io.err('vitald does not start: the configuration is not valid\n');
    if (daemon !== undefined) await isStopped(daemon, deps);
    throw error;
  } finally {
    await demo?.stop();
  }
}

/** @returns false if some of it was left behind */
async function isStopped(daemon: Daemon, deps: RunDependencies): Promise<boolean> {
  const leftBehind = await daemon.stop();
  if (leftBehind.length === 0) return true;
  deps.io.err(`vitald: stopped without ${leftBehind.join(', ')}: a file system, a name server or the log does not answer\n`);
  deps.onLeftBehind();
  return false;
}
