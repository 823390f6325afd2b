/** Connections by TLS over TCP. */
import type { Socket } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import { connectStream, type StreamOptions } from '../stream-socket.js';
import type { CompiledTls } from './compile.js';
import type { Transport, TransportUser } from './transport.js';

export class TlsTransport implements Transport {
  readonly #raw: Socket;
  readonly #secure: TLSSocket;
  #user: TransportUser | undefined;

  /**
   * Begins to connect; the handshake follows.
   *
   * @throws when the socket cannot be made at all
   */
  constructor(options: StreamOptions, tls: CompiledTls, user: TransportUser) {
    this.#user = user;
    this.#raw = connectStream(options)
      .once('connect', () => this.#user?.onConnect())
      .on('error', (error: NodeJS.ErrnoException) => this.#user?.onError(error));
    this.#secure = startTls(this.#raw, tls, options.address)
      .once('secureConnect', () => this.#user?.onReady())
      .on('data', (chunk: Buffer) => this.#user?.onBytes(chunk, chunk.length))
      .on('end', () => this.#user?.onEnd())
      // TLS may end without `end` or `error` when the socket below it goes.
      .on('close', () => this.#user?.onEnd())
      .on('error', (error: NodeJS.ErrnoException) => this.#user?.onError(error));
  }

  get certificateRefused(): boolean {
    // Typed as an Error that is always there; it is null where there is nothing to refuse.
    return Boolean(this.#secure.authorizationError);
  }

  get bytesRead(): number {
    return this.#raw.bytesRead;
  }

  write(bytes: Uint8Array): void {
    this.#secure.write(bytes);
  }

  finish(): void {
    this.#user = undefined;
    this.#secure.destroy();
  }

  reset(): void {
    this.#user = undefined;
    if (this.#raw.connecting) this.#raw.destroy();
    else this.#raw.resetAndDestroy();
    this.#secure.destroy();
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
