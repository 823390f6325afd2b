import type { Cancel, Clock, Wake } from '#vitald/schedule/clock.js';

interface Timer {
  readonly at: number;
  readonly order: number;
  readonly wake: Wake;
}

/** Time that passes only when a test says so. */
export class SimulatedClock implements Clock {
  #now = 0;
  #order = 0;
  #timers: Timer[] = [];
  /** Where wall-clock time starts; monotonic time starts at 0. */
  readonly wallStart = Date.UTC(2026, 0, 1);

  now(): number {
    return this.#now;
  }

  wallNow(): number {
    return this.wallStart + this.#now;
  }

  after(ms: number, wake: Wake): Cancel {
    const timer = { at: this.#now + Math.max(ms, 0), order: this.#order++, wake };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((t) => t !== timer);
    };
  }

  /** Lets time pass, calling what becomes due on the way at its exact time. */
  advance(ms: number): void {
    const end = this.#now + ms;
    for (;;) {
      const next = this.#timers.filter((t) => t.at <= end).sort((a, b) => a.at - b.at || a.order - b.order)[0];
      if (next === undefined) break;
      this.#now = Math.max(this.#now, next.at);
      this.#timers = this.#timers.filter((t) => t !== next);
      next.wake(this.#now);
    }
    this.#now = end;
  }

  /**
   * Lets time pass, and then reads the sockets for the next callback that is due, but is held up before it calls it.
   *
   * @param ms until the sockets are read
   * @param heldUpMs from then until the callback
   */
  holdUpAfterReading(ms: number, heldUpMs: number): void {
    const readToMs = this.#now + ms;
    this.#now = readToMs + heldUpMs;
    const next = this.#timers.filter((t) => t.at <= readToMs).sort((a, b) => a.at - b.at || a.order - b.order)[0];
    if (next === undefined) return;
    this.#timers = this.#timers.filter((t) => t !== next);
    next.wake(readToMs);
  }

  /** Lets time pass without calling anybody, as when the process is stopped; what became due is called late, by `advance`. */
  stall(ms: number): void {
    this.#now += ms;
  }
}
