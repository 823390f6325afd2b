/** Connections by TLS over TCP. */
import type { Socket } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import { connectStream, type StreamOptions } from '../stream-socket.js';
import { ignoreCutOffWrites } from './answer-socket.js';
import { ByteWatch, type Watched } from './byte-watch.js';
import type { CompiledTls } from './compile.js';
import type { Transport, TransportUser } from './transport.js';

/** The TLS connections of a probe. */
export class TlsTransports {
  readonly #watch = new ByteWatch();

  /**
   * Begins to connect; the handshake follows.
   *
   * @throws when the socket cannot be made at all
   */
  open(options: StreamOptions, tls: CompiledTls, user: TransportUser): Transport {
    return new TlsTransport(options, tls, user, this.#watch);
  }
}

class TlsTransport implements Transport, Watched {
  readonly #raw: Socket;
  readonly #secure: TLSSocket;
  readonly #watch: ByteWatch;
  #user: TransportUser | undefined;
  /** Raw bytes that had been received when the count began. */
  #bytesBefore = 0;
  cutOffBy: NodeJS.ErrnoException | undefined;

  constructor(options: StreamOptions, tls: CompiledTls, user: TransportUser, watch: ByteWatch) {
    this.#user = user;
    this.#watch = watch;
    this.#raw = connectStream(options)
      .once('connect', () => this.#onConnect())
      .on('error', (error: NodeJS.ErrnoException) => this.#user?.onError(error));
    this.#secure = startTls(this.#raw, tls, options.address)
      .once('secureConnect', () => this.#user?.onReady())
      .on('data', (chunk: Buffer) => this.#user?.onBytes(chunk, chunk.length))
      .on('end', () => this.#user?.onEnd())
      // TLS may end without `end` or `error` when the socket below it goes.
      .on('close', () => this.#user?.onEnd())
      .on('error', (error: NodeJS.ErrnoException) => this.#user?.onError(error));
    ignoreCutOffWrites(this.#secure, (error) => (this.cutOffBy ??= error));
  }

  get certificateRefused(): boolean {
    // Typed as an Error that is always there; it is null where there is nothing to refuse.
    return Boolean(this.#secure.authorizationError);
  }

  get bytesRead(): number {
    return this.#raw.bytesRead;
  }

  get bytesCounted(): number {
    return this.#raw.bytesRead - this.#bytesBefore;
  }

  exceeded(): void {
    this.#user?.onFlood();
  }

  write(bytes: Uint8Array): void {
    this.#bytesBefore = this.#raw.bytesRead;
    this.#secure.write(bytes);
  }

  finish(): void {
    this.#letGo();
    this.#secure.destroy();
  }

  reset(): void {
    this.#letGo();
    if (this.#raw.connecting) this.#raw.destroy();
    else this.#raw.resetAndDestroy();
    this.#secure.destroy();
  }

  #onConnect(): void {
    if (this.#user === undefined) return;
    this.#watch.add(this);
    this.#user.onConnect();
  }

  #letGo(): void {
    this.#user = undefined;
    this.#watch.remove(this);
  }
}

/**
 * Begins the handshake over a socket that may still be connecting.
 *
 * @param address the backend's address: what the certificate must name where no server name is known
 */
export function startTls(socket: Socket, tls: CompiledTls, address: string): TLSSocket {
  return connect({
    socket,
    host: address,
    ALPNProtocols: ['http/1.1'],
    rejectUnauthorized: tls.verify,
    ...(tls.context === undefined ? {} : { secureContext: tls.context }),
    ...(tls.serverName === undefined ? {} : { servername: tls.serverName }),
  });
}
