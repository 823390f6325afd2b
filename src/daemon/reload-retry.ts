/** Retries a reload that failed for lack of descriptors, memory or threads: the configuration is not at fault. */

/** Pauses between attempts. Each is twice as long as the one before. */
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

  /** Cancels the planned reload: another one begins, or the daemon stops. */
  cancel(): void {
    clearTimeout(this.#timer);
  }

  /** Makes the next pause a short one again. */
  succeeded(): void {
    this.#nextMs = firstRetryMs;
  }
}
