/** The present verdicts of one checker, and when each reached the measurement. */

interface Waiting {
  readonly isUp: boolean;
  resolve(at: number): void;
}

/** A verdict `down`. */
export interface Down {
  readonly backend: string;
  /** When it reached the measurement: wall-clock time in ms. */
  readonly at: number;
}

export class VerdictBoard {
  readonly #up = new Map<string, boolean>();
  readonly #waiting = new Map<string, Waiting[]>();
  /** Backends that were down although nothing was wrong with them yet. */
  readonly falselyDown = new Set<string>();
  /** All verdicts `down`, in order. */
  readonly downs: Down[] = [];

  /** @param at when it arrived: wall-clock time in ms */
  set(backend: string, isUp: boolean, at: number): void {
    if (this.#up.get(backend) === isUp) return;
    this.#up.set(backend, isUp);
    if (!isUp) this.downs.push({ backend, at });
    const waiting = this.#waiting.get(backend) ?? [];
    this.#waiting.set(
      backend,
      waiting.filter((one) => one.isUp !== isUp),
    );
    for (const one of waiting) if (one.isUp === isUp) one.resolve(at);
  }

  isUp(backend: string): boolean | undefined {
    return this.#up.get(backend);
  }

  /**
   * Waits for a verdict.
   *
   * @returns when it came, at once if it is there already; undefined if it did not come within the limit
   */
  until(backend: string, isUp: boolean, limitMs: number): Promise<number | undefined> {
    if (this.#up.get(backend) === isUp) return Promise.resolve(Date.now());
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(undefined), limitMs);
      const one: Waiting = {
        isUp,
        resolve: (at) => {
          clearTimeout(timer);
          resolve(at);
        },
      };
      this.#waiting.set(backend, [...(this.#waiting.get(backend) ?? []), one]);
    });
  }
}
