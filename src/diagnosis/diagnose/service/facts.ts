/** What the steps of this folder find out: TLS and HTTP on the check port. */
import type { Reason } from '../../../health/reasons.js';
import type { Evidence } from '../../report.js';

/**
 * Where an exchange ended:
 * - `answered`: an answer of HTTP, whatever its status
 * - `malformed`: bytes that are no HTTP, or a header without an end
 * - `closed`, `reset`: the connection ended before the answer was complete
 * - `silent`: the time was over before the answer was complete
 * - `connect_failed`: no connection
 * - `tls_failed`: no handshake, or a certificate that the check refuses
 */
export type ExchangeEnd = 'answered' | 'malformed' | 'closed' | 'reset' | 'silent' | 'connect_failed' | 'tls_failed';

/** One HTTP exchange: the check's own request, or one that differs from it in one thing. Times are NaN where it did not come so far. */
export interface Exchange {
  /** The request line and what is special about it, for people. */
  readonly request: string;
  readonly end: ExchangeEnd;
  /** The same in the words of a probe. */
  readonly reason: Reason;
  /** The error's code as Node or OpenSSL has it; undefined where it did not end by an error. */
  readonly errorCode: string | undefined;
  readonly status?: number;
  /** Names in lower case; values as the backend sent them: pass them through `printable()`. */
  readonly headers: Readonly<Record<string, string>>;
  readonly detail: string;
  /** The first bytes of what came back, fit to be shown; '' where nothing did. */
  readonly firstBytes: string;
  readonly bytesReceived: number;
  readonly connectMs: number;
  /** From the connection to the end of the handshake. */
  readonly tlsMs: number;
  /** From the request to the first byte of the answer. */
  readonly firstByteMs: number;
  /** From the start to the end, whatever it was. */
  readonly totalMs: number;
  /** There after a finished handshake. */
  readonly certificate?: Certificate;
  readonly evidence: Evidence;
}

/** The backend's own certificate. */
export interface Certificate {
  /** Fit to be shown. */
  readonly subject: string;
  /** Fit to be shown. */
  readonly issuer: string;
  /** DNS names, each of them valid as one; wildcards included. */
  readonly names: readonly string[];
  /** Names and addresses as the certificate has them, fit to be shown. */
  readonly namesShown: string;
  /** Wall-clock ms since the epoch. */
  readonly validFrom: number;
  readonly validTo: number;
  /** Why it is not to be trusted, as OpenSSL or Node call it; undefined where it is. */
  readonly error: string | undefined;
}

export interface HostTry {
  /** Undefined: no Host header, by HTTP/1.0. */
  readonly host: string | undefined;
  readonly exchange: Exchange;
}

/** Of an https or http check, except where another type is named. */
export interface ServiceFacts {
  /** The check's own request; waits longer than the check does, so that a late answer is seen. */
  asChecked: Exchange;
  /** A connection on which nothing is said; of a ping check: to the port of the service. */
  saysNothing: Exchange;
  /** With TLS where the check has none; also of a tcp check. */
  withTls: Exchange;
  /** Without TLS where the check has it. */
  withoutTls: Exchange;
  /** GET in place of HEAD or OPTIONS, HEAD in place of GET. */
  otherMethod: Exchange;
  /** The path `/`. */
  root: Exchange;
  otherVersion: Exchange;
  otherHosts: readonly HostTry[];
  /** What the redirect leads to, where that is on the backend itself. */
  followed: Exchange;
  /** As if a balancer before it had taken the TLS off: `X-Forwarded-Proto: https`. */
  forwarded: Exchange;
  /** The check's own request once more, after all others. */
  repeated: Exchange;
}
