import { overrideModes } from '../../view/override-store.js';
import type { Schema } from '../../http/route.js';
import { object, text, time } from './common.js';

const note = {
  by: text('Who decided it.'),
  reason: text('Why.'),
  at: time('When it was set.'),
  expires_at: {
    ...time(
      'When it ends by itself. If it was set for a duration, this time follows the wall clock when that is set. Null: when an operator ends it.',
    ),
    type: ['string', 'null'],
  },
};

/** Of a backend; null where nobody overrides it. */
export const modeSchema: Schema = object(
  {
    mode: {
      type: 'string',
      enum: [...overrideModes],
      description: 'What holds, whatever its check says: maintenance and forced_unhealthy mean no new requests.',
    },
    ...note,
  },
  { type: ['object', 'null'], description: 'Set by an operator; null: nothing is.' },
);

export const weightOverrideSchema: Schema = object(
  { weight: { type: 'integer', minimum: 0, description: 'In force instead of the configured one.' }, ...note },
  { type: ['object', 'null'], description: 'Weight set by an operator; null: the configured one is in force.' },
);

const members = {
  listener: text('The listener.'),
  backend: text('Id of the backend.'),
  present: { type: 'boolean', description: 'False: the backend is not there now. It is overridden when it comes back.' },
  override: modeSchema,
  weight_override: weightOverrideSchema,
} satisfies Record<string, Schema>;

export const overrideSchema: Schema = { $id: 'Override', ...object(members, { description: 'What operators said of a backend.' }) };

export const overrideListSchema: Schema = {
  $id: 'OverrideList',
  ...object({
    checker: text('This checker.'),
    overrides: {
      type: 'array',
      items: { $ref: 'Override#' },
      description: 'Every backend that is overridden, or has a weight of its own.',
    },
  }),
};
