/**
 * What the connection of a probe goes over: TCP alone (plain-transport.ts) or TLS on it (tls-transport.ts).
 */

/** Who a transport reports to. Nothing is reported after `finish` or `reset`. */
export interface TransportUser {
  /** TCP stands; over plain TCP, `onReady` follows at once. */
  onConnect(): void;
  /** Bytes can be written. */
  onReady(): void;
  /** `chunk[0, length)` has arrived. It is overwritten by what arrives next, on any connection. */
  onBytes(chunk: Uint8Array, length: number): void;
  /** The backend will send nothing more. */
  onEnd(): void;
  onError(error: NodeJS.ErrnoException): void;
  /** The backend sent more raw bytes than a probe reads, most of which were no answer (byte-watch.ts). */
  onFlood(): void;
}

export interface Transport {
  /** The TLS handshake was fine, the certificate was not. */
  readonly certificateRefused: boolean;
  /** Bytes that the backend has sent, those of a TLS handshake included. */
  readonly bytesRead: number;
  /**
   * How the backend cut the connection off, if reading went on all the same (answer-socket.ts). Reported by nothing else
   * than `onEnd`.
   */
  readonly cutOffBy: NodeJS.ErrnoException | undefined;
  write(bytes: Uint8Array): void;
  /** Closes after `onEnd`: the backend closed first, so this side keeps no TIME_WAIT. */
  finish(): void;
  /** Closes at once. An open connection is reset: that leaves no TIME_WAIT behind. */
  reset(): void;
}
