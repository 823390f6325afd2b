/**
 * Watches whether this process itself is punctual (invariant 1: the checker's fault is never the backend's).
 *
 * The engine says when it meant to wake, and when it did. What lies between is time in which nobody read answers or
 * sent the next step of a probe. The sum of it, noted at the start and at the end of a probe, tells how much of the
 * probe's time was lost by the checker; an ending that the checker may have caused itself does not count then.
 */

/** Lateness below this is ordinary: timers and the kernel's scheduling are not finer. */
const ordinaryLatenessMs = 5;
/** A probe may lose this share of its timeout, or this much, before its timeout says nothing any more. */
const tolerableShare = 0.1;
const tolerableMs = 10;

export class SelfWatch {
  #heldUpMs = 0;

  /** Takes note of one wake-up. @param dueMs when it was meant to be */
  woke(dueMs: number, nowMs: number): void {
    const late = nowMs - dueMs;
    if (late > ordinaryLatenessMs) this.#heldUpMs += late;
  }

  /** All the time that was lost so far, ms; note it when a probe starts. */
  get heldUpMs(): number {
    return this.#heldUpMs;
  }

  /** True where a probe lost too much of its time for its timeout to mean anything. */
  spoilt(heldUpAtStartMs: number, timeoutMs: number): boolean {
    return this.#heldUpMs - heldUpAtStartMs > Math.max(tolerableMs, timeoutMs * tolerableShare);
  }
}
