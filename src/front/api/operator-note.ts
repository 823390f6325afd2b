/** Who, why and until when: what the bodies of overrides and weights have in common. */
import type { FastifyRequest } from 'fastify';
import { CodedError } from '../../errors.js';
import type { Instant } from '../../instant.js';
import type { OperatorNote } from '../../messages.js';
import { endAfter, type NoteEnd } from '../../override-end.js';
import { callerOf } from '../access/caller.js';
import { bySchema, reasonSchema } from './change.js';
import type { Parameters, Schema } from '../http/route.js';

export interface NoteBody {
  readonly by?: string;
  readonly reason: string;
  readonly expires_at?: string;
  readonly expires_in_seconds?: number;
}

const longestSeconds = 366 * 86_400;

/** RFC 3339. */
const timePattern = '^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]{1,9})?([Zz]|[+-][0-9]{2}:[0-9]{2})$';

export const noteProperties: Readonly<Record<string, Schema>> = {
  by: bySchema,
  reason: reasonSchema,
  expires_at: {
    type: 'string',
    pattern: timePattern,
    description: 'When it expires, by the wall clock of the checker. Without an expiry, an operator must end it.',
    'x-allowed': 'a time as in RFC 3339, such as 2026-01-01T02:00:00Z',
  },
  expires_in_seconds: {
    type: 'number',
    minimum: 1,
    maximum: longestSeconds,
    description:
      'Alternative to `expires_at`: time until it expires. It lasts exactly this long, even if the wall clock is set forward or back ' +
      'meanwhile.',
  },
};

/** The query of calls that end something: for the audit log. */
export const endQuery: Parameters = {
  type: 'object',
  properties: { by: asParameter(bySchema, 'alice'), reason: asParameter(reasonSchema, 'disk replaced') },
  additionalProperties: false,
};

function asParameter({ type, minLength, maxLength, pattern, description }: Schema, example: string): Schema {
  return { type, minLength, maxLength, pattern, description, examples: [example] };
}

/** @throws CodedError bad_request */
export function noteOf(request: FastifyRequest, now: Instant): OperatorNote {
  const body = request.body as NoteBody;
  return { by: body.by ?? callerOf(request).name, why: body.reason, at: now.wallMs, ...endOf(body, now) };
}

function endOf({ expires_at: at, expires_in_seconds: seconds }: NoteBody, now: Instant): NoteEnd {
  if (at === undefined) return seconds === undefined ? { expiresAt: undefined } : endAfter(Math.round(seconds * 1000), now);
  if (seconds !== undefined)
    throw new CodedError('bad_request', 'In the body, there may be `expires_at` or `expires_in_seconds`, not both.');
  return { expiresAt: timeOf(at, now.wallMs) };
}

function timeOf(at: string, now: number): number {
  const expiresAt = Date.parse(at);
  if (Number.isNaN(expiresAt)) throw new CodedError('bad_request', `In the body, \`expires_at\` is no time that there is: ${at}.`);
  if (expiresAt <= now)
    throw new CodedError('bad_request', `In the body, \`expires_at\` has passed: ${at}; it is ${new Date(now).toISOString()} now.`);
  if (expiresAt > now + longestSeconds * 1000)
    throw new CodedError('bad_request', 'In the body, `expires_at` is more than a year away; leave it out.');
  return expiresAt;
}
