/** How an output fares that is asked by the other side, at times that the other side chooses. */
import { instantNow, type Instant } from '../../instant.js';
import type { OutputState } from './output.js';

/** A failure is shown at least so long, though others succeed meanwhile: one of several askers may fail all the time. */
const failureShownMs = 60_000;

export class Asked {
  #successes = 0;
  #failures = 0;
  #lastSuccessAt: Instant | undefined;
  #lastFailureAt: Instant | undefined;
  #problem: string | undefined;

  succeeded(at = instantNow()): void {
    this.#successes++;
    this.#lastSuccessAt = at;
    if (this.#lastFailureAt !== undefined && at.monotonicMs - this.#lastFailureAt.monotonicMs >= failureShownMs) this.#problem = undefined;
  }

  /** @param problem for people: what is wrong, and what to do */
  failed(problem: string, at = instantNow()): void {
    this.#failures++;
    this.#lastFailureAt = at;
    this.#problem = problem;
  }

  /** @param missing what the other side does not ask for, for people; undefined: nothing */
  state(details: OutputState['details'], missing?: string): OutputState {
    const asked = this.#successes + this.#failures > 0;
    const problem = [this.#problem, missing].filter((one) => one !== undefined).join(' ') || undefined;
    return {
      state: !asked ? 'idle' : problem === undefined ? 'ok' : 'failing',
      revision: undefined,
      lastSuccessAt: this.#lastSuccessAt?.wallMs,
      lastFailureAt: this.#lastFailureAt?.wallMs,
      problem,
      successes: this.#successes,
      failures: this.#failures,
      details,
    };
  }
}
