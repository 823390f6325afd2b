/**
 * One connection to a backend: sends a request, finds the end of the response's header, and then gets out of the way.
 *
 *   connecting ─► (tls) ─► waiting ─► answered: draining ─► closed      (one request, then the backend closes)
 *                            ▲            │
 *                            └── idle ◄───┘                             (reuse: the body is over, nothing came after it)
 *
 * `failed` of the owner is called at most once, while a request is outstanding; afterwards only `gone`.
 */
import type { Reason } from '../../health/reasons.js';
import { verdictOfErrno, type ErrnoVerdict } from '../errno.js';
import { printable } from '../printable.js';
import type { Deadline } from '../deadline.js';
import type { Done, Target } from '../probe.js';
import { announcedLength, Body, keepsAlive, type BodyResult } from './body.js';
import { maxTlsBytes } from './byte-watch.js';
import type { CompiledHttp } from './compile.js';
import type { PlainTransports } from './plain-transport.js';
import { ResponseParser } from './response-parser.js';
import type { TlsTransports } from './tls-transport.js';
import { verdictOfTlsError } from './tls-verdict.js';
import type { Transport, TransportUser } from './transport.js';

/** Body bytes that are read and thrown away so that the connection can close without a reset. */
export const maxDiscardedBytes = 16 * 1024;
/** First bytes of a response that are kept as evidence. */
const evidenceBytes = 40;

export type HttpTarget = Target<CompiledHttp>;
export type Phase = 'connecting' | 'tls' | 'waiting' | 'draining' | 'idle' | 'closed';

/** One probe in flight. */
export interface Flight {
  readonly deadline: Deadline;
  readonly done: Done;
  /** When a second connection is attempted, monotonic ms; undefined when that is done or not needed. */
  secondAttemptMs: number | undefined;
}

/** Who a connection reports to. */
export interface ConnectionOwner {
  /** Monotonic time in ms. */
  now(): number;
  /** Grows with each change of this machine's addresses and interfaces. */
  readonly networkGeneration: number;
  /** TCP stands. */
  connected(connection: Connection): void;
  /**
   * The final header is complete and stands in `connection.header`. The phase says what is left of the connection:
   * `draining`, `idle` or `closed`.
   */
  answered(connection: Connection): void;
  /** The request outstanding will get no answer; the connection is closed. */
  failed(connection: Connection, reason: Reason, detail: string): void;
  /** A draining connection has become idle. */
  settled(connection: Connection): void;
  /** A draining or idle connection has closed. */
  gone(connection: Connection): void;
}

/** Where connections come from. */
export interface Transports {
  readonly plain: PlainTransports;
  readonly tls: TlsTransports;
}

export class Connection implements TransportUser {
  readonly target: HttpTarget;
  readonly header = new ResponseParser();
  phase: Phase = 'connecting';
  /** This request is not the first one on this connection. */
  reused = false;
  /** The probe that this connection serves, or served last. */
  flight: Flight;
  /** When it became idle, monotonic ms. */
  idleSinceMs = NaN;
  /** Of this machine's network, when this connection was made. */
  readonly networkGeneration: number;

  readonly #owner: ConnectionOwner;
  readonly #transport: Transport;
  readonly #body: Body | undefined;
  #connectedAt = NaN;
  #discarded = 0;
  #handshakeIsCredited = false;
  #firstBytes: Buffer | undefined;

  /**
   * Begins to connect.
   *
   * @throws when the socket cannot be made at all
   */
  constructor(owner: ConnectionOwner, target: HttpTarget, flight: Flight, { plain, tls }: Transports) {
    const { compiled, address, family, port } = target;
    this.#owner = owner;
    this.networkGeneration = owner.networkGeneration;
    this.target = target;
    this.flight = flight;
    this.#body = compiled.reuse ? new Body() : undefined;
    const options = { address, family, port, source: compiled.source, device: compiled.device };
    this.#transport = compiled.tls === undefined ? plain.open(options, this) : tls.open(options, compiled.tls, this);
  }

  /** Sends the next request on an idle connection. */
  again(flight: Flight): void {
    this.reused = true;
    this.flight = flight;
    this.#discarded = 0;
    this.#firstBytes = undefined;
    this.header.reset();
    this.onReady();
  }

  /** Closes at once, without a word to the owner. An open connection is reset: that leaves no TIME_WAIT behind. */
  reset(): void {
    if (this.phase === 'closed') return;
    this.phase = 'closed';
    this.#transport.reset();
  }

  /**
   * Gives back what was lost since the connect, once: the checker may have answered the backend's part of the handshake
   * late. A backend that has sent nothing waits for nothing.
   */
  creditHandshake(): void {
    if (this.#handshakeIsCredited || this.#transport.bytesRead === 0) return;
    this.#handshakeIsCredited = true;
    this.flight.deadline.stepAtMost();
  }

  /** What to tell when the deadline has come, by the phase that it found the probe in. */
  timeoutReason(): Reason {
    if (this.phase === 'connecting') return 'connect_timeout';
    return this.phase === 'tls' ? 'tls_timeout' : 'response_timeout';
  }

  timeoutDetail(): string {
    if (this.phase === 'connecting') return '';
    const connected = this.reused
      ? 'on a kept connection'
      : `connected in ${Math.round(this.#connectedAt - this.flight.deadline.startedAtMs)} ms`;
    if (this.phase === 'tls') return `${connected}, then the TLS handshake was not finished`;
    const bytes = this.header.headerBytes;
    return bytes === 0 ? `${connected}, then no byte of an answer` : `${connected}, then ${bytes} bytes of a header that did not end`;
  }

  onConnect(): void {
    this.flight.deadline.step();
    this.#connectedAt = this.#owner.now();
    this.phase = 'tls';
    this.#owner.connected(this);
  }

  onReady(): void {
    // After a TLS handshake: its last step was this checker's.
    if (this.phase === 'tls') this.flight.deadline.step();
    this.phase = 'waiting';
    this.#transport.write(this.target.compiled.requestFor(this.target));
  }

  onBytes(chunk: Uint8Array, length: number): void {
    switch (this.phase) {
      case 'waiting':
        this.#readHeader(chunk, length);
        break;
      case 'draining':
        this.#drain(chunk, 0, length);
        if (this.phase !== 'draining') this.#tellWhatIsLeft();
        break;
      case 'idle':
        // Nobody asked for this: it must not become the answer to the next request.
        this.reset();
        this.#owner.gone(this);
        break;
      default:
        break;
    }
  }

  #readHeader(chunk: Uint8Array, length: number): void {
    const before = this.header.headerBytes;
    const result = this.header.push(chunk, 0, length);
    switch (result) {
      case 'more':
        if (before < evidenceBytes) this.#firstBytes = this.#evidence(chunk, length);
        return;
      case 'final':
        this.phase = 'draining';
        this.#body?.begin(this.header, this.target.compiled.method);
        this.#drain(chunk, this.header.bodyStart, length);
        this.#owner.answered(this);
        return;
      case 'malformed':
        return this.#fail('response_malformed', this.#malformedDetail(chunk, length));
      case 'too_large':
        return this.#fail('response_too_large', 'more than 64 KiB of header without an end');
      default:
        return result satisfies never;
    }
  }

  /** Throws the body away. Afterwards the phase is still `draining`, or `idle` (reuse), or `closed` (too much). */
  #drain(chunk: Uint8Array, start: number, end: number): void {
    this.#discarded += end - start;
    const left: BodyResult = this.#body?.take(chunk, start, end) ?? 'more';
    if (this.#discarded > maxDiscardedBytes || (announcedLength(this.header) ?? 0) > this.#maxAnnounced()) return this.reset();
    if (left === 'complete' && keepsAlive(this.header)) this.phase = 'idle';
    // A kept connection whose end cannot be told is of no use, and the backend does not mean to close it.
    else if (left === 'unknown' && keepsAlive(this.header)) this.reset();
  }

  #maxAnnounced(): number {
    return this.target.compiled.method === 'HEAD' ? Infinity : maxDiscardedBytes;
  }

  #tellWhatIsLeft(): void {
    if (this.phase === 'idle') this.#owner.settled(this);
    else this.#owner.gone(this);
  }

  onEnd(): void {
    switch (this.phase) {
      case 'connecting':
      case 'tls':
        return this.#fail('tls_handshake_failed', 'the backend closed the connection during the handshake');
      case 'waiting':
        return this.#failByEnd();
      case 'draining':
      case 'idle':
        this.phase = 'closed';
        this.#transport.finish();
        return this.#owner.gone(this);
      case 'closed':
        return;
      default:
        return this.phase satisfies never;
    }
  }

  onError(error: NodeJS.ErrnoException): void {
    if (this.phase === 'closed') return;
    if (this.phase === 'draining' || this.phase === 'idle') {
      this.reset();
      return this.#owner.gone(this);
    }
    const verdict = this.#tlsVerdict(error) ?? this.#verdictOf(error);
    this.#fail(verdict.reason, verdict.detail);
  }

  onFlood(): void {
    switch (this.phase) {
      case 'connecting':
      case 'tls':
        return this.#fail('tls_handshake_failed', `more than ${maxTlsBytes / 1024} KiB, and no end of the handshake`);
      case 'waiting':
        return this.#fail('response_too_large', `more than ${maxTlsBytes / 1024} KiB of TLS records, and no end of a header`);
      case 'draining':
      case 'idle':
        this.reset();
        return this.#owner.gone(this);
      case 'closed':
        return;
      default:
        return this.phase satisfies never;
    }
  }

  #verdictOf(error: NodeJS.ErrnoException): ErrnoVerdict {
    const { family, compiled } = this.target;
    return verdictOfErrno(error.code, family, compiled.source !== undefined, error.syscall);
  }

  /** The backend will send nothing more, and its header is not complete. */
  #failByEnd(): void {
    const { cutOffBy } = this.#transport;
    if (cutOffBy === undefined) return this.#fail('response_closed', this.#closedDetail());
    const { reason, detail } = this.#verdictOf(cutOffBy);
    this.#fail(reason, detail);
  }

  #tlsVerdict(error: NodeJS.ErrnoException): ErrnoVerdict | undefined {
    const { tls } = this.target.compiled;
    if (tls === undefined || this.phase === 'connecting') return undefined;
    const certificateRefused = this.#transport.certificateRefused && this.phase === 'tls';
    return verdictOfTlsError(error, this.phase === 'waiting', certificateRefused, tls.serverName ?? this.target.address);
  }

  #fail(reason: Reason, detail: string): void {
    // The backend may have waited for a step of this checker: for the request, or one of the handshake. A connection that
    // was opened and reset while the process was held up shows as a failure to connect.
    if (this.phase === 'connecting' || this.phase === 'tls') this.flight.deadline.step();
    this.reset();
    this.#owner.failed(this, reason, detail);
  }

  #closedDetail(): string {
    const bytes = this.header.headerBytes;
    return bytes === 0 ? 'closed without an answer' : `closed after ${bytes} bytes of a header that did not end`;
  }

  #malformedDetail(chunk: Uint8Array, length: number): string {
    if (this.header.status >= 100) return `HTTP ${this.header.status} with ${this.header.problem}`;
    const first = this.#evidence(chunk, length);
    // A TLS record that holds an alert (RFC 8446 §5.1).
    if (first[0] === 0x15 && first[1] === 0x03) return 'a TLS alert came back: the port speaks TLS';
    return `${this.header.problem}: ${printable(first)}`;
  }

  /** The first bytes of what came back, the present chunk included. */
  #evidence(chunk: Uint8Array, length: number): Buffer {
    const present = chunk.subarray(0, Math.min(length, evidenceBytes + 1));
    // Copied, for the chunk is the shared inbox.
    return Buffer.concat(this.#firstBytes === undefined ? [present] : [this.#firstBytes, present]).subarray(0, evidenceBytes + 1);
  }
}
