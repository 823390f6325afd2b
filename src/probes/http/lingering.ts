/**
 * Connections whose probe has its verdict, and that wait a moment for the backend to close first: closed by a reset
 * they would fill the backend's log, closed by us they would hold a port of this machine in TIME_WAIT
 * (docs/semantics.md section 7). The backend was asked to close (`Connection: close`), so this mostly takes microseconds.
 *
 *   add ─► young ──(tick)──► old ──(tick)──► reset
 *
 * One timer for all of them; a connection therefore waits for one to two ticks.
 */
export const tickMs = 100;

/** Each holds a descriptor; beyond this many the next one is reset at once. */
export const maxLingering = 1000;

export interface Resettable {
  reset(): void;
}

export class Lingering<T extends Resettable> {
  #young = new Set<T>();
  #old = new Set<T>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  get size(): number {
    return this.#young.size + this.#old.size;
  }

  add(connection: T): void {
    if (this.size >= maxLingering) {
      connection.reset();
      return;
    }
    this.#young.add(connection);
    this.#timer ??= setTimeout(() => this.#tick(), tickMs).unref();
  }

  /** The connection has closed, or has another use. */
  remove(connection: T): void {
    if (!this.#young.delete(connection)) this.#old.delete(connection);
  }

  /** Resets all connections that the predicate picks. */
  resetWhere(picks: (connection: T) => boolean): void {
    for (const connection of [...this.#young, ...this.#old]) {
      if (!picks(connection)) continue;
      this.remove(connection);
      connection.reset();
    }
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.resetWhere(() => true);
  }

  #tick(): void {
    this.#timer = undefined;
    const expired = this.#old;
    this.#old = this.#young;
    this.#young = new Set();
    for (const connection of expired) connection.reset();
    if (this.#old.size > 0) this.#timer = setTimeout(() => this.#tick(), tickMs).unref();
  }
}
