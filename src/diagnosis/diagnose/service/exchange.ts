/**
 * One HTTP/1.x exchange with everything chosen. Unlike a probe it keeps what it saw: times, header, certificate.
 * Bounded by the parser: it is over when the header is complete, which is at most 64 KiB.
 */
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { Reason } from '../../../health/reasons.js';
import { ordinaryLatenessMs } from '../../../probes/deadline.js';
import { verdictOfErrno } from '../../../probes/errno.js';
import { AnswerSocket, ignoreCutOffWrites } from '../../../probes/http/answer-socket.js';
import type { CompiledTls } from '../../../probes/http/compile.js';
import { ResponseParser } from '../../../probes/http/response-parser.js';
import { startTls } from '../../../probes/http/tls-transport.js';
import { verdictOfTlsError } from '../../../probes/http/tls-verdict.js';
import { printable } from '../../../probes/printable.js';
import { beginConnect, connectStream, createStream, type StreamOptions } from '../../../probes/stream-socket.js';
import { certificateOf } from './certificate.js';
import type { Certificate, Exchange, ExchangeEnd } from './facts.js';
import { headerFields } from './header-fields.js';

export interface Ask {
  /** For people: the request line and what is special about it. */
  readonly request: string;
  readonly to: StreamOptions;
  /** Undefined: nothing is said, only listened. */
  readonly bytes: Uint8Array | undefined;
  /** Undefined: plain. */
  readonly tls: CompiledTls | undefined;
  /** For all of it, from the first SYN on. */
  readonly waitMs: number;
}

/**
 * Never rejects: whatever happens is the result.
 *
 * @param signal ends the waiting early; the result is then as if the time were over
 */
export function exchange(ask: Ask, signal: AbortSignal): Promise<Exchange> {
  return new Promise((resolve) => new Conversation(ask, signal, resolve).begin());
}

const shownBytes = 60;

class Conversation {
  readonly #ask: Ask;
  readonly #signal: AbortSignal;
  readonly #resolve: (exchange: Exchange) => void;
  readonly #parser = new ResponseParser();
  readonly #at = Date.now();
  readonly #startedAt = performance.now();
  readonly #giveUp = (): void => this.#timeIsOver();
  readonly #pieces: Buffer[] = [];
  #phase: 'connecting' | 'tls' | 'request' | 'over' = 'connecting';
  #raw: Socket | undefined;
  #secure: TLSSocket | undefined;
  #timer: NodeJS.Timeout | undefined;
  #givenBackMs = 0;
  #bytes = 0;
  /** How the backend cut off a connection that is still read. */
  #cutOff: () => NodeJS.ErrnoException | undefined = () => undefined;
  #connectedAt = NaN;
  #readyAt = NaN;
  #firstByteAt = NaN;
  #certificate: Certificate | undefined;

  constructor(ask: Ask, signal: AbortSignal, resolve: (exchange: Exchange) => void) {
    this.#ask = ask;
    this.#signal = signal;
    this.#resolve = resolve;
  }

  begin(): void {
    if (this.#signal.aborted) return this.#giveUp();
    this.#signal.addEventListener('abort', this.#giveUp, { once: true });
    this.#waitFor(this.#ask.waitMs);
    try {
      this.#raw = this.#ask.tls === undefined ? this.#plainSocket() : connectStream(this.#ask.to);
    } catch (error) {
      return this.#end('connect_failed', 'checker_resources', (error as Error).message);
    }
    this.#raw.once('connect', () => this.#onConnect()).on('error', (error: NodeJS.ErrnoException) => this.#onError(error));
    if (this.#ask.tls === undefined) this.#read(this.#raw);
    else {
      // Refused certificates are judged in #onReady, for they are to be shown.
      this.#secure = startTls(this.#raw, { ...this.#ask.tls, verify: false }, this.#ask.to.address);
      let cutOffBy: NodeJS.ErrnoException | undefined;
      ignoreCutOffWrites(this.#secure, (error) => (cutOffBy ??= error));
      this.#cutOff = () => cutOffBy;
      this.#secure.once('secureConnect', () => this.#onSecure()).on('error', (error: NodeJS.ErrnoException) => this.#onError(error));
      this.#read(this.#secure);
    }
  }

  /** An answer counts for a probe although the backend resets the connection with it: so it does here. */
  #plainSocket(): Socket {
    const socket = createStream(this.#ask.to, AnswerSocket);
    this.#cutOff = () => socket.cutOffBy;
    return beginConnect(socket, this.#ask.to);
  }

  /**
   * Ends the exchange after this time. If the timer fires late, this process was held up: what has arrived meanwhile is
   * read first, and the backend gets the lost time back, at most as much as it had.
   */
  #waitFor(waitMs: number): void {
    const dueAt = performance.now() + waitMs;
    this.#timer = setTimeout(() => {
      const lateMs = performance.now() - dueAt;
      const backMs = Math.min(lateMs, this.#ask.waitMs - this.#givenBackMs);
      if (lateMs > ordinaryLatenessMs && backMs > 0) {
        this.#givenBackMs += backMs;
        this.#waitFor(backMs);
      } else setImmediate(this.#giveUp);
    }, waitMs);
  }

  #read(stream: Socket): void {
    stream
      .on('data', (chunk: Buffer) => this.#onBytes(chunk))
      .on('end', () => this.#onEnd())
      .on('close', () => this.#onEnd());
  }

  #onConnect(): void {
    this.#connectedAt = performance.now();
    if (this.#secure !== undefined) this.#phase = 'tls';
    else this.#onReady();
  }

  #onSecure(): void {
    this.#certificate = certificateOf(this.#secure!);
    const refused = this.#certificate?.error;
    if (this.#ask.tls?.verify === true && refused !== undefined) {
      this.#readyAt = performance.now();
      const verdict = verdictOfTlsError(Object.assign(new Error(), { code: refused }), false, true, this.#expectedName())!;
      return this.#end('tls_failed', verdict.reason, verdict.detail, refused);
    }
    this.#onReady();
  }

  #onReady(): void {
    if (this.#phase === 'over') return;
    this.#phase = 'request';
    this.#readyAt = performance.now();
    if (this.#ask.bytes !== undefined) (this.#secure ?? this.#raw)!.write(this.#ask.bytes);
  }

  #onBytes(chunk: Buffer): void {
    if (this.#phase !== 'request') return;
    if (this.#bytes === 0) this.#firstByteAt = performance.now();
    this.#bytes += chunk.length;
    this.#pieces.push(chunk);
    switch (this.#parser.push(chunk, 0, chunk.length)) {
      case 'more':
        return;
      case 'final':
        return this.#end('answered', 'ok', '');
      case 'malformed':
        return this.#end('malformed', 'response_malformed', this.#parser.problem);
      case 'too_large':
        return this.#end('malformed', 'response_too_large', 'more than 64 KiB of header without an end');
    }
  }

  #onEnd(): void {
    if (this.#phase === 'connecting') this.#end('connect_failed', 'connect_reset', 'the connection was not made');
    else if (this.#phase === 'tls')
      this.#end('tls_failed', 'tls_handshake_failed', 'the backend closed the connection during the handshake', 'ECONNRESET');
    else if (this.#cutOff() !== undefined) this.#onError(this.#cutOff()!);
    else this.#end('closed', 'response_closed', this.#bytes === 0 ? 'closed without an answer' : `closed after ${this.#bytes} bytes`);
  }

  #onError(error: NodeJS.ErrnoException): void {
    const { family, source } = this.#ask.to;
    if (this.#secure !== undefined && this.#phase !== 'connecting') {
      const verdict = verdictOfTlsError(error, this.#phase === 'request', false, this.#expectedName());
      if (verdict !== undefined) return this.#end('tls_failed', verdict.reason, verdict.detail, error.code);
    }
    const verdict = verdictOfErrno(error.code, family, source !== undefined, error.syscall);
    if (this.#phase === 'connecting') this.#end('connect_failed', verdict.reason, verdict.detail, error.code);
    else if (this.#phase === 'tls') this.#end('tls_failed', 'tls_handshake_failed', verdict.detail, error.code);
    else this.#end('reset', verdict.reason, verdict.detail, error.code);
  }

  #timeIsOver(): void {
    if (this.#phase === 'connecting') this.#end('connect_failed', 'connect_timeout', 'no answer to the connection attempt');
    else if (this.#phase === 'tls') this.#end('tls_failed', 'tls_timeout', 'the handshake was not finished');
    else this.#end('silent', 'response_timeout', this.#bytes === 0 ? 'no byte of an answer' : `${this.#bytes} bytes that did not end`);
  }

  /** What the certificate should be for. */
  #expectedName(): string {
    return this.#ask.tls?.serverName ?? this.#ask.to.address;
  }

  #end(end: ExchangeEnd, reason: Reason, detail: string, errorCode?: string): void {
    if (this.#phase === 'over') return;
    this.#phase = 'over';
    clearTimeout(this.#timer);
    this.#signal.removeEventListener('abort', this.#giveUp);
    // In the usual way, not by a reset: resets fill the application's log (docs/semantics.md section 7).
    this.#secure?.destroy();
    this.#raw?.destroy();
    this.#resolve(this.#result(end, reason, detail, errorCode));
  }

  #result(end: ExchangeEnd, reason: Reason, detail: string, errorCode: string | undefined): Exchange {
    const received = Buffer.concat(this.#pieces);
    const connectMs = this.#connectedAt - this.#startedAt;
    const tlsMs = this.#secure === undefined ? NaN : this.#readyAt - this.#connectedAt;
    const firstByteMs = this.#firstByteAt - this.#readyAt;
    const totalMs = performance.now() - this.#startedAt;
    const result = {
      request: this.#ask.request,
      end,
      reason,
      errorCode,
      ...(end === 'answered' && { status: this.#parser.status }),
      headers: end === 'answered' ? headerFields(received.subarray(0, this.#parser.headerBytes)) : {},
      detail,
      firstBytes: received.length === 0 ? '' : printable(received, shownBytes),
      bytesReceived: this.#bytes,
      connectMs,
      tlsMs,
      firstByteMs,
      totalMs,
      ...(this.#certificate !== undefined && { certificate: this.#certificate }),
    };
    return { ...result, evidence: { sent: this.#ask.request, got: whatCame(result), at: this.#at } };
  }
}

/** For people: what came back, and after which time. */
export function whatCame(exchange: Omit<Exchange, 'evidence'>): string {
  const total = inMs(exchange.totalMs);
  const parts = [`connected in ${inMs(exchange.connectMs)}`];
  if (!Number.isNaN(exchange.tlsMs)) parts.push(`TLS in ${inMs(exchange.tlsMs)}`);
  if (!Number.isNaN(exchange.firstByteMs)) parts.push(`first byte in ${inMs(exchange.firstByteMs)}`);
  const times = Number.isNaN(exchange.connectMs) ? '' : ` (${parts.join(', ')})`;
  const { location } = exchange.headers;
  switch (exchange.end) {
    case 'answered':
      return `HTTP ${exchange.status} after ${total}${times}${location === undefined ? '' : `, Location: ${printable(location, 120)}`}`;
    case 'malformed':
      return `no HTTP after ${total}: ${exchange.detail}: ${exchange.firstBytes}`;
    case 'closed':
      return `the connection was closed after ${total}${times}: ${exchange.detail}`;
    case 'reset':
      return `the connection was reset after ${total}${times}`;
    case 'silent':
      return `silence for ${total}${times}: ${exchange.detail}`;
    case 'connect_failed':
      return `no connection after ${total}: ${exchange.detail === '' ? exchange.reason : exchange.detail}`;
    case 'tls_failed':
      return `no TLS after ${total}${times}: ${exchange.detail}`;
    default:
      return exchange.end satisfies never;
  }
}

/** Milliseconds for people: “3 ms”, “2.4 s”. */
export function inMs(ms: number): string {
  return ms < 1000 ? `${Math.max(1, Math.round(ms))} ms` : `${(ms / 1000).toFixed(1)} s`;
}
