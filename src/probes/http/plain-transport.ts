/**
 * Plain TCP connections, over sockets that serve one connection after the other. To make a socket and to listen to it
 * costs some 15 µs of CPU, a quarter of a probe (bench/probes/http.ts); Node allows a socket to connect again once it has
 * emitted `close` (documentation of `socket.connect`).
 *
 *   spare ──open──► in use ──finish──► closing ──'close'──► spare
 *                     └──reset, error──► never used again
 *
 * Only a socket whose connection ended in order is used again: a failure may leave something of it in the socket.
 */
import { beginConnect, createStream, type StreamOptions } from '../stream-socket.js';
import { AnswerSocket } from './answer-socket.js';
import type { Transport, TransportUser } from './transport.js';

/** What one read takes at most, for all connections together: what arrives is looked at before the next read. */
const inboxBytes = 64 * 1024;

/** Spare sockets, 3 KB each; there are never more of them than were in use at a time. */
const maxSpare = 500;

/** The plain connections of a probe. */
export class PlainTransports {
  readonly #inbox = new Uint8Array(inboxBytes);
  readonly #spare: PlainTransport[] = [];

  /**
   * Begins to connect.
   *
   * @throws when the socket cannot be made at all
   */
  open(options: StreamOptions, user: TransportUser): Transport {
    // The interface belongs to the descriptor, which a socket gets when it is made and loses when it closes.
    const transport = options.device === undefined ? this.#unbound(options) : new PlainTransport(options, this.#inbox, () => undefined);
    transport.connect(options, user);
    return transport;
  }

  #unbound(options: StreamOptions): PlainTransport {
    return this.#spare.pop() ?? new PlainTransport(options, this.#inbox, this.#keep);
  }

  readonly #keep = (transport: PlainTransport): void => {
    if (this.#spare.length < maxSpare) this.#spare.push(transport);
  };
}

class PlainTransport implements Transport {
  readonly certificateRefused = false;
  readonly #socket: AnswerSocket;
  /** Of the present connection; undefined when that is over. */
  #user: TransportUser | undefined;
  #endedInOrder = false;

  /** @param spare is called when the socket may connect again */
  constructor(options: StreamOptions, inbox: Uint8Array, spare: (transport: PlainTransport) => void) {
    const callback = (length: number, chunk: Uint8Array): boolean => {
      this.#user?.onBytes(chunk, length);
      return true;
    };
    this.#socket = createStream(options, AnswerSocket, { buffer: inbox, callback })
      .on('connect', () => this.#onConnect())
      .on('end', () => this.#user?.onEnd())
      .on('error', (error) => this.#user?.onError(error))
      .on('close', () => {
        if (this.#endedInOrder) spare(this);
      });
  }

  connect(options: StreamOptions, user: TransportUser): void {
    this.#user = user;
    this.#endedInOrder = false;
    this.#socket.forgetCutOff();
    beginConnect(this.#socket, options);
  }

  get bytesRead(): number {
    return this.#socket.bytesRead;
  }

  get cutOffBy(): NodeJS.ErrnoException | undefined {
    return this.#socket.cutOffBy;
  }

  write(bytes: Uint8Array): void {
    this.#socket.write(bytes);
  }

  finish(): void {
    this.#user = undefined;
    this.#endedInOrder = this.#socket.writableLength === 0 && this.#socket.cutOffBy === undefined;
    this.#socket.destroy();
  }

  reset(): void {
    this.#user = undefined;
    if (this.#socket.connecting) this.#socket.destroy();
    else this.#socket.resetAndDestroy();
  }

  #onConnect(): void {
    this.#user?.onConnect();
    this.#user?.onReady();
  }
}
