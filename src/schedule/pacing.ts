/**
 * When a backend is probed next. Sources: docs/semantics.md items 15 and 22; cases in test/conformance/windows.json.
 */
export type Pace = 'fixed_rate' | 'after_completion';

/**
 * Spreads first probes over their first interval, never all at once: the fractional parts of multiples of the golden
 * ratio fill [0, 1) more evenly than random numbers do, however many backends come and in whatever order (Kronecker
 * sequence). It starts at a random place, so that several checkers do not probe in step.
 */
export class Spread {
  #place: number;

  /** @param start from 0 to 1 */
  constructor(start: number) {
    this.#place = start % 1;
  }

  /** A time from 0 to `intervalMs`, for the next new backend. */
  next(intervalMs: number): number {
    return this.nextPlace() * intervalMs;
  }

  /** As {@link next}, as a part of the interval: from 0 to 1. */
  nextPlace(): number {
    const place = this.#place;
    this.#place = (place + goldenRatio) % 1;
    return place;
  }
}

/**
 * Spreads the first probes of each host too, wherever its backends stand in the plan: hosts limit the ICMP errors that
 * they send to one checker, so that probes of one host which start together get fewer of them. For the backends that
 * come with one plan; what it knows of hosts is needed no longer than that.
 *
 * A host's first backend takes the next place of all backends, each further one a step from there. The step is another
 * irrational number than that of {@link Spread}, so that backends of different hosts do not meet.
 */
export class HostSpread {
  readonly #spread: Spread;
  /** By address: the place of the first backend, plus how many have followed. */
  readonly #hosts = new Map<string, number>();

  constructor(spread: Spread) {
    this.#spread = spread;
  }

  /** A time from 0 to `intervalMs`, for the next new backend of an address. */
  next(address: string, intervalMs: number): number {
    const known = this.#hosts.get(address);
    const host = known === undefined ? this.#spread.nextPlace() : known + 1;
    this.#hosts.set(address, host);
    const followed = Math.floor(host);
    return ((host - followed + followed * silverRatio) % 1) * intervalMs;
  }
}

const goldenRatio = 0.618_033_988_749_895;
const silverRatio = Math.SQRT2 - 1;

/**
 * First probes begin on a grid of this many ms, and with them, as intervals are usually a multiple of it, all later
 * ones. Waking up costs more than probing: so a few hundred backends share wake-ups, though none is late for it.
 */
export const gridMs = 20;

/** The next time on the grid, not before `atMs`. */
export function onGrid(atMs: number): number {
  return Math.ceil(atMs / gridMs) * gridMs;
}

/**
 * The next start under `fixed_rate`: whatever happens, probes start every interval, counted from when the last one was
 * due. Starts that have passed while this process was held up (or while a probe outlasted its interval) are left out,
 * not made up for: a burst would say no more.
 *
 * @param dueMs when the last probe was due
 */
export function nextFixedRate(dueMs: number, intervalMs: number, nowMs: number): number {
  const next = dueMs + intervalMs;
  if (next > nowMs) return next;
  return dueMs + intervalMs * (Math.floor((nowMs - dueMs) / intervalMs) + 1);
}

/** The next start under `after_completion`: the interval runs from the end of the probe before. */
export function nextAfterCompletion(endedMs: number, intervalMs: number): number {
  return endedMs + intervalMs;
}
