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
  /** When a stop of at least 2^class ms last ended, and how long that one was. */
  readonly #stopEndedMs = new Float64Array(stopClasses).fill(-Infinity);
  readonly #stopMs = new Float64Array(stopClasses);

  /** Records one wake-up. @param dueMs when it was meant to be */
  woke(dueMs: number, nowMs: number): void {
    const lateMs = nowMs - dueMs;
    if (lateMs <= ordinaryLatenessMs) return;
    const longest = Math.min(Math.floor(Math.log2(lateMs)), stopClasses - 1);
    for (let length = 0; length <= longest; length++) {
      this.#stopEndedMs[length] = nowMs;
      this.#stopMs[length] = lateMs;
    }
  }

  /**
   * The longest single hold-up that ended after `sinceMs`, ms; 0 when there was none beyond the ordinary. The sum of all
   * would say nothing about a step of a probe: once the process runs again, it takes the step.
   *
   * @param dueMs the wake-up that is due next: what it is late already counts, too
   */
  longestSince(sinceMs: number, dueMs: number, nowMs: number): number {
    // Of a hold-up that began before, the part since then: who took a step meanwhile was not held up any more.
    let longestMs = Math.min(nowMs - dueMs, nowMs - sinceMs);
    for (let length = stopClasses - 1; length >= 0; length--) {
      if (this.#stopEndedMs[length]! <= sinceMs) continue;
      longestMs = Math.max(longestMs, Math.min(this.#stopMs[length]!, this.#stopEndedMs[length]! - sinceMs));
      break;
    }
    return longestMs > ordinaryLatenessMs ? longestMs : 0;
  }

  /** Whether one stop that ended after `sinceMs` lasted longer than `lengthMs`, rounded up to a power of two. */
  stoppedSince(sinceMs: number, lengthMs: number): boolean {
    const length = Math.min(Math.max(Math.ceil(Math.log2(lengthMs)), 0), stopClasses - 1);
    return this.#stopEndedMs[length]! > sinceMs;
  }
}
