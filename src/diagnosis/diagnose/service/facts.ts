/** What the steps of this folder find out: TLS and HTTP on the check port. */
import type { Evidence } from '../../report.js';

/** One HTTP exchange: the check's own request, or one that differs from it in one thing. */
export interface Exchange {
  /** The request line and what is special about it, for people. */
  readonly request: string;
  /** Where it ended: `answered` is an answer of HTTP, whatever its status. */
  readonly end: 'answered' | 'malformed' | 'closed' | 'reset' | 'silent' | 'connect_failed' | 'tls_failed';
  readonly status?: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly detail: string;
  readonly connectMs: number;
  readonly tlsMs: number;
  /** From the request to the first byte of the answer. */
  readonly firstByteMs: number;
  readonly totalMs: number;
  readonly evidence: Evidence;
}

export interface ServiceFacts {
  /** The check's own request. */
  readonly asChecked: Exchange;
}
