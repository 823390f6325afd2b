/**
 * Revisions: one for each change of state, routing, weight or membership; they only grow (invariant 6), over restarts
 * too.
 *
 *   1763723640 000118
 *   └ second   └ change of this process
 *     of start
 *
 * Another daemon that started in the same second gives out the same numbers: only with its {@link Revisions.epoch} does a
 * revision name a moment.
 */
import { newEpoch } from './epoch.js';

const perSecond = 1_000_000;

export class Revisions {
  /** Tells the revisions of this process from those of any other; see epoch.ts. */
  readonly epoch: string;
  #last: number;

  /**
   * @param startedAt wall-clock ms since the epoch
   * @param atLeast the last revision that an earlier process gave out, where known: should the clock have gone back
   */
  constructor(startedAt: number, atLeast = 0, epoch = newEpoch()) {
    this.epoch = epoch;
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
