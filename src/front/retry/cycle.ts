/**
 * Work that brings another system to the present state: never twice at a time, at most so often, again after a failure,
 * later each time. However many changes come meanwhile, one more run takes them all.
 *
 *   wake ──► run ──► ok ───────────► rest (minIntervalMs) ──► woken meanwhile? run
 *             └────► failed ──► back off (doubles, with jitter) ──► run
 */
import { messageOf } from '../../message-of.js';
import type { OutputState } from './output-state.js';

/** Time, so that tests need not wait for it. */
export interface CycleClock {
  /** Wall-clock ms since the epoch. */
  wallNow(): number;
  /** Calls back after so many ms, unless it is told otherwise. @returns cancels it */
  after(ms: number, fn: () => void): () => void;
}

/**
 * Outcome of a run that did not reject.
 *
 * - a revision, or undefined where it cannot be known: everything was brought up to date
 * - {@link Incomplete}: done as far as possible
 * - `counted`: the run reported each success by {@link Cycle.succeeded}; there may have been none, because there was
 *   nothing to do
 */
export type RunOutcome = number | undefined | Incomplete | 'counted';

/** A run that did everything it could, and found something on the other side that only a person can put right. */
export class Incomplete {
  readonly revision: number | undefined;
  /** For people: what does not follow, and what to write where. */
  readonly problem: string;

  constructor(revision: number | undefined, problem: string) {
    this.revision = revision;
    this.problem = problem;
  }
}

export interface CycleOptions {
  /**
   * One run. Rejects where it failed: the message is for people, says what to do, and has no secret.
   *
   * @param signal aborts when the output closes, or the run has taken `limitMs`
   * @returns the revision that the other side has now; undefined where that cannot be known
   */
  run: (signal: AbortSignal) => Promise<RunOutcome>;
  /** From the end of a run to the start of the next one at least. */
  readonly minIntervalMs: number;
  /** A run that takes longer has failed. */
  readonly limitMs: number;
  /** After the first failure; doubles up to {@link longestBackoffMs}. */
  readonly firstBackoffMs?: number;
  readonly longestBackoffMs?: number;
  /** A run rejects where the one before did not, and the reverse. A run that is {@link Incomplete} does not reject. */
  onFailing?(problem: string): void;
  onRecovered?(): void;
  /** What does not follow is another problem than before; undefined: everything follows again. Not called in each run. */
  onIncomplete?(problem: string | undefined): void;
  /** From 0 to 1; default Math.random. */
  random?: () => number;
  /** Default: the system's. */
  readonly clock?: CycleClock;
}

const systemClock: CycleClock = {
  wallNow: () => Date.now(),
  after: (ms, fn) => {
    const timer = setTimeout(fn, ms);
    return () => clearTimeout(timer);
  },
};

/** Why a run failed, where that says when to try again. */
export class RunFailure extends Error {
  /** At least so long to wait; `until_woken`: another run makes sense only when there is something else to do. */
  readonly retry: { readonly afterMs: number } | 'until_woken';

  constructor(message: string, retry: RunFailure['retry']) {
    super(message);
    this.retry = retry;
  }
}

const defaultFirstBackoffMs = 500;
const defaultLongestBackoffMs = 30_000;

export class Cycle {
  readonly #options: CycleOptions;
  readonly #closing = new AbortController();
  readonly #clock: CycleClock;
  #running: Promise<void> | undefined;
  /** Ends the rest after a run; undefined: there is none. */
  #cancelRest: (() => void) | undefined;
  #woken = false;
  #failuresInRow = 0;
  /** Problem of the last run, if that was {@link Incomplete}. */
  #incomplete: string | undefined;
  #state: Omit<OutputState, 'details'> = {
    state: 'starting',
    revision: undefined,
    lastSuccessAt: undefined,
    lastFailureAt: undefined,
    problem: undefined,
    successes: 0,
    failures: 0,
  };

  constructor(options: CycleOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  get state(): Omit<OutputState, 'details'> {
    return this.#state;
  }

  /** There is something to do. While a run waits after a failure, it goes on waiting. */
  wake(): void {
    this.#woken = true;
    if (this.#running === undefined && this.#cancelRest === undefined) this.#begin();
  }

  /** Ends the run that is under way; there is no further one. */
  async close(): Promise<void> {
    this.#closing.abort(new Error('the output closes'));
    this.#cancelRest?.();
    await this.#running;
  }

  #begin(): void {
    if (this.#closing.signal.aborted) return;
    this.#woken = false;
    this.#running = this.#once().finally(() => (this.#running = undefined));
  }

  async #once(): Promise<void> {
    const { run, limitMs, minIntervalMs } = this.#options;
    const limit = new AbortController();
    const cancelLimit = this.#clock.after(limitMs, () => limit.abort(new Error(`no answer within ${limitMs / 1000} s`)));
    // Not AbortSignal.any: each signal that it makes stays for as long as one of its sources does, a kilobyte a run.
    const { signal } = limit;
    const forward = (): void => limit.abort(this.#closing.signal.reason);
    this.#closing.signal.addEventListener('abort', forward, { once: true });
    try {
      this.#ended(await orAborted(run(signal), signal));
      this.#rest(minIntervalMs);
    } catch (error) {
      if (this.#closing.signal.aborted) return;
      const retry = error instanceof RunFailure ? error.retry : { afterMs: 0 };
      if (retry !== 'until_woken') this.#woken = true;
      this.#failed(messageOf(error));
      this.#rest(Math.max(this.#backoffMs(), retry === 'until_woken' ? 0 : retry.afterMs));
    } finally {
      this.#closing.signal.removeEventListener('abort', forward);
      cancelLimit();
    }
  }

  #rest(ms: number): void {
    if (this.#closing.signal.aborted) return;
    this.#cancelRest = this.#clock.after(ms, () => {
      this.#cancelRest = undefined;
      if (this.#woken) this.#begin();
    });
  }

  #ended(outcome: RunOutcome): void {
    // Only a success shows that the other side works again, so the previous state stays.
    if (outcome === 'counted') return;
    if (outcome instanceof Incomplete) this.#incompletelyDone(outcome);
    else this.succeeded(outcome);
  }

  /**
   * Counts a success. Called for each run that ends well; a run of several steps calls it for each of them and resolves
   * to `counted`, so that its state is right while it runs, however long there is more to do.
   *
   * @param revision what the other side has now
   */
  succeeded(revision: number | undefined): void {
    const { successes } = this.#state;
    this.#reached();
    this.#tellIncomplete(undefined);
    this.#state = {
      ...this.#state,
      state: 'ok',
      revision,
      lastSuccessAt: this.#clock.wallNow(),
      problem: undefined,
      successes: successes + 1,
    };
  }

  #incompletelyDone({ revision, problem }: Incomplete): void {
    this.#reached();
    this.#fail(problem);
    this.#state = { ...this.#state, revision };
    this.#tellIncomplete(problem);
  }

  #failed(problem: string): void {
    this.#failuresInRow++;
    this.#fail(problem);
    if (this.#failuresInRow === 1) this.#options.onFailing?.(problem);
  }

  #fail(problem: string): void {
    const { failures } = this.#state;
    this.#state = { ...this.#state, state: 'failing', lastFailureAt: this.#clock.wallNow(), problem, failures: failures + 1 };
  }

  #reached(): void {
    const rejectedBefore = this.#failuresInRow > 0;
    this.#failuresInRow = 0;
    if (rejectedBefore) this.#options.onRecovered?.();
  }

  #tellIncomplete(problem: string | undefined): void {
    if (problem === this.#incomplete) return;
    this.#incomplete = problem;
    this.#options.onIncomplete?.(problem);
  }

  /** Half of it certain, half of it by chance: many that fail together do not come back together. */
  #backoffMs(): number {
    const { firstBackoffMs = defaultFirstBackoffMs, longestBackoffMs = defaultLongestBackoffMs, random = Math.random } = this.#options;
    const ms = Math.min(firstBackoffMs * 2 ** (this.#failuresInRow - 1), longestBackoffMs);
    return ms / 2 + (ms / 2) * random();
  }
}

/** A run that does not heed its signal must not hold up the cycle. */
function orAborted<T>(running: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
    running.then(resolve, reject);
  });
}
