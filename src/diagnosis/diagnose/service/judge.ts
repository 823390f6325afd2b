/** What an exchange means for this check. Pure. */
import { expectedStatus } from '../../../health/expected-status.js';
import type { Certainty } from '../../report.js';
import type { Facts } from '../facts.js';
import type { Subject } from '../subject.js';
import type { Exchange } from './facts.js';
import { httpOptionsOf } from './requests.js';

/** Answered with a status that the check accepts, whatever time it took. */
export function accepted(subject: Subject, exchange: Exchange | undefined): exchange is Exchange & { readonly status: number } {
  if (exchange?.status === undefined) return false;
  return expectedStatus(httpOptionsOf(subject).expected_status).accepts(exchange.status);
}

export function inTime(subject: Subject, exchange: Exchange): boolean {
  return exchange.totalMs <= subject.check.timeoutMs;
}

export function isSuccess(exchange: Exchange | undefined): boolean {
  return exchange?.status !== undefined && exchange.status >= 200 && exchange.status < 300;
}

const notTls = ['ERR_SSL_WRONG_VERSION_NUMBER', 'ERR_SSL_PACKET_LENGTH_TOO_LONG', 'ERR_SSL_HTTP_REQUEST', 'ERR_SSL_RECORD_LAYER_FAILURE'];

/** What came back to the handshake is not TLS. */
export function answeredPlainly(exchange: Exchange | undefined): boolean {
  return exchange?.end === 'tls_failed' && notTls.includes(exchange.errorCode ?? '');
}

/** Whether the check passes now. */
export function passes(subject: Subject, { check, service: { asChecked } }: Facts): boolean {
  // What this machine was late for says nothing.
  const made = check?.outcomes.filter(({ reason }) => reason !== 'checker_late') ?? [];
  if (made.length > 0) return made.every((outcome) => outcome.kind === 'pass');
  return accepted(subject, asChecked) && inTime(subject, asChecked);
}

/**
 * How sure a conclusion can be that comes from one changed thing: where the check's own request does not end in the
 * same way every time, the difference may be chance.
 */
export function sure(subject: Subject, { check, service: { asChecked, repeated } }: Facts): Certainty {
  if (asChecked === undefined) return 'possible';
  const good = accepted(subject, asChecked) && inTime(subject, asChecked);
  const sameOutcomes = (check?.outcomes ?? []).every((outcome) => outcome.kind === 'indeterminate' || (outcome.kind === 'pass') === good);
  const sameAgain =
    repeated === undefined ||
    (repeated.end === asChecked.end && repeated.status === asChecked.status && inTime(subject, repeated) === inTime(subject, asChecked));
  return sameOutcomes && sameAgain ? 'certain' : 'likely';
}
