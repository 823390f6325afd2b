/** What the rules of a failing request have in common. */
import type { Evidence } from '../../../report.js';
import type { Facts } from '../../facts.js';
import type { Conclusion } from '../../step.js';
import type { Subject } from '../../subject.js';
import type { Exchange, ServiceFacts } from '../facts.js';

/** A check whose own request failed. */
export interface Case {
  readonly subject: Subject;
  readonly facts: Facts;
  readonly service: Partial<ServiceFacts>;
  /** The check's own request. */
  readonly own: Exchange;
}

/** Says what one kind of cause would explain; an empty list where it is not that. Pure. */
export type Explain = (failing: Case) => readonly Conclusion[];

/** Evidence of the exchanges that were made. */
export function evidenceOf(...exchanges: readonly (Exchange | undefined)[]): readonly Evidence[] {
  return exchanges.flatMap((exchange) => exchange?.evidence ?? []);
}

/** How an exchange ended, for the middle of a sentence. */
export function endOf(exchange: Exchange): string {
  switch (exchange.end) {
    case 'answered':
      return `HTTP ${exchange.status}`;
    case 'malformed':
      return 'bytes that are not HTTP';
    case 'closed':
      return 'a closed connection';
    case 'reset':
      return 'a reset';
    case 'silent':
      return 'silence';
    case 'connect_failed':
      return 'no connection';
    case 'tls_failed':
      return 'no TLS';
    default:
      return exchange.end satisfies never;
  }
}
