/**
 * A moment by both clocks of this machine: for durations whose start or end is also shown to people.
 *
 * People and NTP set the wall clock forward and back, so a duration is measured by the monotonic clock alone
 * (invariant 7). The wall-clock time of its end is for showing, and for the next process.
 */
import { platform, uptime } from 'node:os';
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
  return { wallMs: Date.now(), monotonicMs: monotonicNowMs() };
}

/**
 * On Linux the time since boot, with a resolution of 10 ms: unlike CLOCK_MONOTONIC it goes on while the machine is
 * suspended (clock_gettime(2), CLOCK_BOOTTIME), so that an hour on a laptop that sleeps is an hour.
 */
function monotonicNowMs(): number {
  if (platform() === 'linux') return Math.round(uptime() * 1000);
  return Number(hrtime.bigint() / 1000n) / 1000;
}

export function instantAfter({ wallMs, monotonicMs }: Instant, ms: number): Instant {
  return { wallMs: wallMs + ms, monotonicMs: monotonicMs + ms };
}

/** How long until an instant, ms; 0 or less: it is over. Setting the wall clock changes nothing. */
export function msUntil({ monotonicMs }: Pick<Instant, 'monotonicMs'>, now: Instant): number {
  return monotonicMs - now.monotonicMs;
}

/** A wall clock that differs by more than this from what was expected was set, ms. Less is rounding. */
const setByMs = 1000;

/**
 * When an instant is by the wall clock as it goes now. It is the time that was foreseen unless the clock was set since.
 *
 * @returns wall-clock ms since the epoch
 */
export function wallTimeOf({ wallMs, monotonicMs }: Instant, now: Instant): number {
  const expected = Math.round(now.wallMs + monotonicMs - now.monotonicMs);
  return Math.abs(expected - wallMs) > setByMs ? expected : wallMs;
}

/** True if the wall clock was set between two instants. */
export function wasClockSet(before: Instant, now: Instant): boolean {
  return Math.abs(now.wallMs - before.wallMs - (now.monotonicMs - before.monotonicMs)) > setByMs;
}
