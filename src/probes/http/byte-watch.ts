/**
 * Ends TLS connections on which the backend sends without end below the application: session tickets, renegotiation, key
 * updates, empty records. OpenSSL handles those by itself and no event reports them, so the raw bytes are counted.
 *
 *   handshake ──── at most 256 KiB ────► request ──── at most 256 KiB ────► next request (reuse) …
 *
 * Counted by looking at all connections in turns: an event for each read would need a stream in JavaScript below TLS. In
 * one turn of the event loop libuv reads at most 32 buffers of 16 KiB from a connection, so that a hostile backend gets
 * rid of the limit, what it sends in one tick, and half a MiB.
 */

/**
 * Raw bytes of a handshake, or of one request with its response. Ordinary ones need less: OpenSSL takes 100 KiB of
 * certificates, the parser 64 KiB of header (response-parser.ts), and 16 KiB of body are read.
 */
export const maxTlsBytes = 256 * 1024;

const tickMs = 10;
/** A look costs some 100 ns. */
const looksPerTick = 256;

export interface Watched {
  /** Raw bytes received since the count began. */
  readonly bytesCounted: number;
  /** Called once, when there are more than {@link maxTlsBytes}; the connection is no longer watched. */
  exceeded(): void;
}

export class ByteWatch {
  readonly #watched = new Set<Watched>();
  #turn = this.#watched.values();
  #timer: ReturnType<typeof setTimeout> | undefined;

  add(watched: Watched): void {
    this.#watched.add(watched);
    this.#timer ??= setTimeout(this.#tick, tickMs).unref();
  }

  /** Has no effect on one that is not watched. */
  remove(watched: Watched): void {
    this.#watched.delete(watched);
  }

  readonly #tick = (): void => {
    this.#timer = undefined;
    for (let looks = Math.min(this.#watched.size, looksPerTick); looks > 0; looks--) this.#lookAtNext();
    if (this.#watched.size > 0) this.#timer ??= setTimeout(this.#tick, tickMs).unref();
  };

  #lookAtNext(): void {
    let next = this.#turn.next();
    if (next.done === true) {
      this.#turn = this.#watched.values();
      next = this.#turn.next();
      if (next.done === true) return;
    }
    const watched = next.value;
    if (watched.bytesCounted <= maxTlsBytes) return;
    this.#watched.delete(watched);
    watched.exceeded();
  }
}
