/** Tries a reload again that met a shortage of the machine. A shortage says nothing about the configuration, and passes. */

/** Pauses before the next try; they double. */
const firstRetryMs = 1000;
const longestRetryMs = 30_000;

export class ReloadRetry {
  readonly #reload: () => void;
  #timer: NodeJS.Timeout | undefined;
  #nextMs = firstRetryMs;

  constructor(reload: () => void) {
    this.#reload = reload;
  }

  /** @returns ms until the reload is tried again */
  schedule(): number {
    const afterMs = this.#nextMs;
    this.#nextMs = Math.min(afterMs * 2, longestRetryMs);
    this.#timer = setTimeout(this.#reload, afterMs);
    return afterMs;
  }

  /** A reload begins, or none is to come. */
  cancel(): void {
    clearTimeout(this.#timer);
  }

  /** The next pause is the first one again. */
  succeeded(): void {
    this.#nextMs = firstRetryMs;
  }
}
