/** `If-Match` and `If-None-Match` of a change, against lost updates. Source: RFC 9110, 13.1. */
import { CodedError } from '../../errors.js';

export interface Condition {
  readonly ifMatch?: string | undefined;
  readonly ifNoneMatch?: string | undefined;
}

/**
 * @param tag the present entity tag; undefined: there is nothing yet
 * @throws CodedError precondition_failed
 */
export function checkCondition({ ifMatch, ifNoneMatch }: Condition, tag: string | undefined): void {
  if (ifMatch !== undefined && !listed(ifMatch, tag)) {
    const now = tag === undefined ? 'it is not there' : `its ETag is ${tag}`;
    throw new CodedError('precondition_failed', `If-Match asks for ${ifMatch.slice(0, 200)}, but ${now}; read it again and decide anew.`);
  }
  if (ifNoneMatch !== undefined && listed(ifNoneMatch, tag)) {
    throw new CodedError('precondition_failed', `If-None-Match asks that it is not there, but it is, with the ETag ${tag!}.`);
  }
}

/** Weak tags (`W/"…"`) never match: the comparison is the strong one. */
function listed(header: string, tag: string | undefined): boolean {
  if (tag === undefined) return false;
  return header.trim() === '*' || header.split(',').some((one) => one.trim() === tag);
}
