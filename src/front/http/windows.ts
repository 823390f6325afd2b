/** Counts events by key in windows of time, each of which begins with its first event. Bounded memory. */

/** Keys that are told apart; beyond that the one is forgotten whose window began first. */
const mostKeys = 10_000;

interface Window {
  readonly startedAt: number;
  count: number;
}

export interface Counted {
  /** In this window, with this event. */
  readonly count: number;
  /** Until the window ends, ms. */
  readonly endsInMs: number;
  /** In the window before, where this event began one. */
  readonly before: number;
}

export class Windows {
  readonly #windowMs: number;
  readonly #now: () => number;
  /** In the order in which they began. */
  readonly #windows = new Map<string, Window>();

  /** @param now monotonic, ms */
  constructor(windowMs: number, now: () => number = () => performance.now()) {
    this.#windowMs = windowMs;
    this.#now = now;
  }

  count(key: string): Counted {
    const now = this.#now();
    const known = this.#windows.get(key);
    if (known !== undefined && now - known.startedAt < this.#windowMs) {
      return { count: ++known.count, endsInMs: known.startedAt + this.#windowMs - now, before: 0 };
    }
    this.#windows.delete(key);
    if (this.#windows.size >= mostKeys) this.#windows.delete(this.#windows.keys().next().value!);
    this.#windows.set(key, { startedAt: now, count: 1 });
    return { count: 1, endsInMs: this.#windowMs, before: known?.count ?? 0 };
  }
}
