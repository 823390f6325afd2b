/** `since` and `epoch` in a query, and `Last-Event-ID`: how a client says what it knows. */
import { epochPattern, parseEventId, type NamedRevision } from '../../status/epoch.js';
import type { Known } from '../view/change-log.js';
import type { Schema } from '../http/route.js';

export function sinceParameter(description: string): Schema {
  return { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER, description };
}

export const epochParameter: Schema = {
  type: 'string',
  pattern: epochPattern,
  examples: ['9f86d081884c7d65'],
  description:
    'The `epoch` of the answer that `since` comes from. If it is not the epoch of this process, vitald does not use `since`. ' +
    'Omit it only if there is one daemon, and no other daemon can answer at its address.',
};

export interface KnownQuery {
  readonly since?: number;
  readonly epoch?: string;
}

/** @param own the epoch of this process */
export function knownOfQuery({ since, epoch }: KnownQuery, own: string): Known {
  return epoch === undefined || epoch === own ? since : 'foreign';
}

/** @param header as it came, not empty: an id of this process, a bare revision (also of this process), or anything else */
export function knownOfEventId(header: string, own: string): Known {
  const named: NamedRevision | undefined = parseEventId(header);
  if (named === undefined) return 'foreign';
  return knownOfQuery({ since: named.revision, ...(named.epoch !== undefined && { epoch: named.epoch }) }, own);
}
