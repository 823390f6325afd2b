/**
 * Measures how late this process is, for a probe outside the engine: a timer that is due every 10 ms, and by how much
 * each firing was late. The engine measures the same with its own turns (engine/self-watch.ts).
 */
import { ordinaryLatenessMs } from './deadline.js';

const tickMs = 10;
/** Older ones than this many are forgotten: a probe lasts seconds. */
const mostStops = 1000;

interface Stop {
  readonly endedAtMs: number;
  readonly lengthMs: number;
}

export class Punctuality {
  readonly #stops: Stop[] = [];
  #dueAtMs: number;
  readonly #timer: NodeJS.Timeout;

  /** @param now monotonic ms */
  constructor(private readonly now: () => number = () => performance.now()) {
    this.#dueAtMs = now() + tickMs;
    this.#timer = setInterval(() => this.#tick(), tickMs);
    this.#timer.unref();
  }

  /** The longest time without a pause that the process was held up since then, ms; 0 if it was punctual. */
  heldUpMs(sinceMs: number): number {
    const now = this.now();
    let longestMs = Math.min(now - this.#dueAtMs, now - sinceMs);
    for (const { endedAtMs, lengthMs } of this.#stops) {
      if (endedAtMs > sinceMs) longestMs = Math.max(longestMs, Math.min(lengthMs, endedAtMs - sinceMs));
    }
    return longestMs > ordinaryLatenessMs ? longestMs : 0;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #tick(): void {
    const now = this.now();
    const lengthMs = now - this.#dueAtMs;
    if (lengthMs > ordinaryLatenessMs) {
      this.#stops.push({ endedAtMs: now, lengthMs });
      if (this.#stops.length > mostStops) this.#stops.shift();
    }
    this.#dueAtMs = now + tickMs;
  }
}
