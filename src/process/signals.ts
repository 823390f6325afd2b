/**
 * What signals do to this process: the table in docs/deployment.md. Imported before anything else, because the other modules
 * take hundreds of milliseconds to load, and until a signal is handled the kernel's default action ends the process.
 */
import { constants } from 'node:os';

/** The part of `process` that is needed. */
export interface SignalSource {
  on(signal: NodeJS.Signals, listener: () => void): unknown;
}

/** The first of them stops the daemon in good order, the next one ends it at once. */
const stopping: readonly NodeJS.Signals[] = ['SIGTERM', 'SIGINT', 'SIGQUIT'];
/** By default each of these ends a process. */
const ignored: readonly NodeJS.Signals[] = ['SIGUSR2', 'SIGALRM', 'SIGVTALRM', 'SIGIO', 'SIGPWR'];
/**
 * A terminal and the program that vitald runs in (npm) both send SIGINT for one Ctrl-C: what comes so soon after the first
 * signal is no second wish.
 */
const sameWishMs = 250;

export interface SignalOptions {
  /** Ends the process without waiting for anything. */
  readonly endNow: (exitCode: number) => void;
  /** Monotonic ms. */
  readonly now: () => number;
}

/**
 * SIGUSR1 makes Node.js open its inspector at 127.0.0.1:9229, and any local user can then run code in this process. A
 * listener takes the place of that handler, in all threads.
 */
export function ignoreInspectorSignal(source: SignalSource): void {
  source.on('SIGUSR1', () => undefined);
}

/** The signals of the daemon, from its first line on. */
export class DaemonSignals {
  #onReload: () => void = () => undefined;
  #onStop: (() => void) | undefined;
  #stopAskedAt: number | undefined;

  constructor(source: SignalSource, { endNow, now }: SignalOptions) {
    ignoreInspectorSignal(source);
    for (const signal of ignored) source.on(signal, () => undefined);
    for (const signal of stopping) {
      source.on(signal, () => {
        if (this.#stopAskedAt === undefined) {
          this.#stopAskedAt = now();
          this.#onStop?.();
        } else if (now() - this.#stopAskedAt >= sameWishMs) endNow(128 + constants.signals[signal]);
      });
    }
    // Last, so that a process that handles SIGHUP handles all of them. One that comes before the daemon exists needs nothing:
    // the configuration is read after it.
    source.on('SIGHUP', () => this.#onReload());
  }

  /** Calls `fn` for each SIGHUP from now on. */
  onReload(fn: () => void): void {
    this.#onReload = fn;
  }

  /** Calls `fn` at the first signal to stop; now, if that has come already. */
  onStop(fn: () => void): void {
    this.#onStop = fn;
    if (this.#stopAskedAt !== undefined) fn();
  }
}
