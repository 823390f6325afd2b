/**
 * A moment by both clocks of this machine: for durations whose start or end is also shown to people.
 *
 * People and NTP set the wall clock forward and back. What was promised to last an hour must not last two because the
 * clock went back, so it ends when the first of the two clocks reaches its end. A duration that is only measured goes by
 * `monotonicMs` alone (invariant 7).
 */
import { hrtime } from 'node:process';

export interface Instant {
  /** Wall-clock ms since the epoch. */
  readonly wallMs: number;
  /**
   * Monotonic ms. Unlike performance.now(), which begins with each thread, it can be compared between the threads of one
   * process. It means nothing to another process and is never saved.
   */
  readonly monotonicMs: number;
}

export function instantNow(): Instant {
  return { wallMs: Date.now(), monotonicMs: Number(hrtime.bigint() / 1000n) / 1000 };
}

export function instantAfter({ wallMs, monotonicMs }: Instant, ms: number): Instant {
  return { wallMs: wallMs + ms, monotonicMs: monotonicMs + ms };
}

/** How long until the first of the two clocks reaches the instant; 0 or less: one has. */
export function msUntil({ wallMs, monotonicMs }: Instant, now: Instant): number {
  return Math.min(wallMs - now.wallMs, monotonicMs - now.monotonicMs);
}
