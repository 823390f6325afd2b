/** Requests that are held until something changes (`/v1/status?since=&wait=`). */
import type { Listeners } from './change-log.js';

/** Why a held request goes on. `gone`: its client closed the connection, nobody reads an answer. */
export type Released = 'changed' | 'timeout' | 'closing' | 'gone';

interface Waiter {
  readonly since: number;
  readonly listeners: Listeners;
  release(why: Released): void;
}

export class Waiters {
  readonly #waiting = new Set<Waiter>();
  #closing = false;

  /** How many requests are held. */
  get size(): number {
    return this.#waiting.size;
  }

  /**
   * Holds a request.
   *
   * @param since the revision after which a change releases it
   * @param waitMs at most so long
   * @param onGone calls back when the client has closed its connection
   * @param listeners only their changes release it
   */
  hold(since: number, waitMs: number, onGone: (gone: () => void) => void, listeners?: Listeners): Promise<Released> {
    if (this.#closing) return Promise.resolve('closing');
    return new Promise((resolve) => {
      const release = (why: Released): void => {
        clearTimeout(timer);
        this.#waiting.delete(waiter);
        resolve(why);
      };
      const waiter = { since, listeners, release };
      const timer = setTimeout(release, waitMs, 'timeout' satisfies Released);
      this.#waiting.add(waiter);
      onGone(() => release('gone'));
    });
  }

  /** Releases every request for which something changed. */
  releaseChanged(changedSince: (since: number, listeners: Listeners) => boolean): void {
    for (const waiter of this.#waiting) {
      if (changedSince(waiter.since, waiter.listeners)) waiter.release('changed');
    }
  }

  /** Releases all requests; later ones are not held any more. */
  close(): void {
    this.#closing = true;
    for (const waiter of this.#waiting) waiter.release('closing');
  }
}
