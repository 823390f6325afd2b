/** Pieces that several schemas share. */
import { epochPattern } from '../../../status/epoch.js';
import { reasons } from '../../../health/reasons.js';
import { states } from '../../../health/state.js';
import type { Schema } from '../../http/route.js';

/** An object all of whose members are present, and no others. */
export function object(properties: Readonly<Record<string, Schema>>, more: Schema = {}): Schema {
  return { type: 'object', properties, required: Object.keys(properties), additionalProperties: false, ...more };
}

export const time = (description: string): Schema => ({ type: 'string', format: 'date-time', description });
export const text = (description: string): Schema => ({ type: 'string', description });
export const count = (description: string): Schema => ({ type: 'integer', minimum: 0, description });
export const durationSeconds = (description: string): Schema => ({ type: 'number', minimum: 0, description });

export const state: Schema = { type: 'string', enum: [...states], description: 'State of the backend.' };
export const outcome: Schema = { type: 'string', enum: ['pass', 'fail', 'indeterminate'] };
export const reason: Schema = { type: 'string', enum: [...reasons], description: 'Reason of the outcome; see docs/reasons.md.' };
export const revision = count(
  'Number that grows with every change. Send the revision of a /v1/status answer as the next `since`, together with the `epoch` of that answer.',
);
export const epoch: Schema = {
  type: 'string',
  pattern: epochPattern,
  description:
    'Id of the process that counts the revisions, random for each start of vitald. Revisions of different epochs cannot be compared.',
};
export const rttSeconds: Schema = { type: ['number', 'null'], minimum: 0, description: 'Round-trip time. Null if there was no answer.' };

/** Members of a change of state: the probe that decided it. */
export const decisiveProbe = {
  reason: {
    ...reason,
    type: ['string', 'null'],
    enum: [...(reason.enum as string[]), null],
    description: 'Reason of the decisive probe. Null if no probe was decisive.',
  },
  detail: text('Detail of the decisive probe.'),
  run_length: {
    type: ['integer', 'null'],
    minimum: 0,
    description: 'Number of equal outcomes in a row that changed the state. Null if no probe was decisive.',
  },
};
