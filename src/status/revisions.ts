/**
 * Revisions: one for each change of state, routing, weight or membership; they only grow (invariant 6), over restarts
 * too, so that a poller's old number is never mistaken for one of this process.
 *
 *   1763723640 000118
 *   └ second   └ change of this process
 *     of start
 */
const perSecond = 1_000_000;

export class Revisions {
  #last: number;

  /**
   * @param startedAt wall-clock ms since the epoch
   * @param atLeast the last revision that an earlier process gave out, where known: should the clock have gone back
   */
  constructor(startedAt: number, atLeast = 0) {
    this.#last = Math.max(Math.floor(startedAt / 1000) * perSecond, atLeast);
  }

  /** The newest revision given out. */
  get last(): number {
    return this.#last;
  }

  next(): number {
    return ++this.#last;
  }
}
