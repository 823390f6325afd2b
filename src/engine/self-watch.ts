/**
 * Watches whether this process itself is punctual (invariant 1: the checker's fault is never the backend's).
 *
 * The engine says when it meant to wake, and when it did. What lies between is time in which nobody read answers or took
 * the next step of a probe. Probes ask how much that is, and give it back to the backend (probes/deadline.ts).
 */
import { ordinaryLatenessMs } from '../probes/deadline.js';

/** Stops are remembered by their length, in powers of two up to about nine minutes. */
const stopClasses = 20;

export class SelfWatch {
  #lostMs = 0;
  /** When a stop of at least 2^class ms last ended. */
  readonly #stopEndedMs = new Float64Array(stopClasses).fill(-Infinity);

  /** Records one wake-up. @param dueMs when it was meant to be */
  woke(dueMs: number, nowMs: number): void {
    const lateMs = nowMs - dueMs;
    if (lateMs <= ordinaryLatenessMs) return;
    this.#lostMs += lateMs;
    const longest = Math.min(Math.floor(Math.log2(lateMs)), stopClasses - 1);
    for (let length = 0; length <= longest; length++) this.#stopEndedMs[length] = nowMs;
  }

  /**
   * Time that this process has lost since it started, ms; it only grows.
   *
   * @param dueMs the wake-up that is due next: what it is late already counts, too
   */
  lostMs(dueMs: number, nowMs: number): number {
    const lateMs = nowMs - dueMs;
    return lateMs > ordinaryLatenessMs ? this.#lostMs + lateMs : this.#lostMs;
  }

  /** Whether one stop that ended after `sinceMs` lasted longer than `lengthMs`, rounded up to a power of two. */
  stoppedSince(sinceMs: number, lengthMs: number): boolean {
    const length = Math.min(Math.max(Math.ceil(Math.log2(lengthMs)), 0), stopClasses - 1);
    return this.#stopEndedMs[length]! > sinceMs;
  }
}
