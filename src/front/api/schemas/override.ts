import { overrideModes } from '../../view/override-store.js';
import type { Schema } from '../../http/route.js';
import { object, text, time } from './common.js';

const note = {
  by: text('Author.'),
  reason: text('Reason that the author gave.'),
  at: time('When it was set.'),
  expires_at: {
    ...time(
      'When it expires. If it was set for a duration, this time changes when the wall clock is set. Null if it lasts until an operator ends it.',
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
      description:
        'Mode of the override. It applies whatever the result of the check is. `maintenance` and `forced_unhealthy` mean no new requests.',
    },
    ...note,
  },
  { type: ['object', 'null'], description: 'Override that an operator set. Null if there is none.' },
);

export const weightOverrideSchema: Schema = object(
  { weight: { type: 'integer', minimum: 0, description: 'Weight in force instead of the configured weight.' }, ...note },
  { type: ['object', 'null'], description: 'Weight that an operator set. Null if the configured weight is in force.' },
);

const members = {
  listener: text('Name of the listener.'),
  backend: text('Id of the backend.'),
  present: { type: 'boolean', description: 'Whether the backend exists now. If false, the override applies when the backend returns.' },
  override: modeSchema,
  weight_override: weightOverrideSchema,
} satisfies Record<string, Schema>;

export const overrideSchema: Schema = { $id: 'Override', ...object(members, { description: 'What operators set for a backend.' }) };

export const overrideListSchema: Schema = {
  $id: 'OverrideList',
  ...object({
    checker: text('Name of this checker.'),
    overrides: {
      type: 'array',
      items: { $ref: 'Override#' },
      description: 'Every backend with an override or an operator weight.',
    },
  }),
};
