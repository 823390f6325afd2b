/** How an output fares that is asked by the other side, at times that the other side chooses. */
import type { OutputState } from './output.js';

/** A failure is shown at least so long, though others succeed meanwhile: one of several askers may fail all the time. */
const failureShownMs = 60_000;

export class Asked {
  #successes = 0;
  #failures = 0;
  #lastSuccessAt: number | undefined;
  #lastFailureAt: number | undefined;
  #problem: string | undefined;

  /** @param at wall-clock ms since the epoch */
  succeeded(at = Date.now()): void {
    this.#successes++;
    this.#lastSuccessAt = at;
    if (this.#lastFailureAt !== undefined && at - this.#lastFailureAt >= failureShownMs) this.#problem = undefined;
  }

  /** @param problem for people: what is wrong, and what to do */
  failed(problem: string, at = Date.now()): void {
    this.#failures++;
    this.#lastFailureAt = at;
    this.#problem = problem;
  }

  state(details: OutputState['details']): OutputState {
    const asked = this.#successes + this.#failures > 0;
    return {
      state: !asked ? 'starting' : this.#problem === undefined ? 'ok' : 'failing',
      revision: undefined,
      lastSuccessAt: this.#lastSuccessAt,
      lastFailureAt: this.#lastFailureAt,
      problem: this.#problem,
      successes: this.#successes,
      failures: this.#failures,
      details,
    };
  }
}
