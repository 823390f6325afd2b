/**
 * When a backend is probed next. Sources: spec.md items 15 and 22; cases in test/conformance/windows.json.
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
    const place = this.#place;
    this.#place = (place + goldenRatio) % 1;
    return place * intervalMs;
  }
}

const goldenRatio = 0.618_033_988_749_895;

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
