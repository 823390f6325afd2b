/** `vitald run`: the daemon, in the foreground. Source: interface.md "Command line". */
import { CodedError } from '../errors.js';
import type { Io } from './io.js';

export interface RunOptions {
  readonly demoBackends: boolean;
}

/** The daemon, as far as this command is concerned (see daemon.ts). */
export interface Daemon {
  start(): Promise<unknown>;
  reload(): Promise<void>;
  stop(): Promise<void>;
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
  try {
    // The signal came while the program was loaded.
    if (isStopping) return 0;
    const daemon = deps.createDaemon();
    signals.onReload(() => void daemon.reload());
    await daemon.start();
    if (demo !== undefined) for (const line of demo.describe) io.err(`demo backend  ${line}\n`);
    await stopped;
    await daemon.stop();
    return 0;
  } catch (error) {
    if (error instanceof CodedError && error.code === 'config_invalid') io.err('vitald does not start: the configuration is not valid\n');
    throw error;
  } finally {
    await demo?.stop();
  }
}
