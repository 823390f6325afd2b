import type { Schema } from '../../http/route.js';
import { count, object, revision, text } from './common.js';

const timeOrNull = (description: string): Schema => ({ type: ['string', 'null'], format: 'date-time', description });
const countOrNull = (description: string): Schema => ({ type: ['integer', 'null'], minimum: 0, description });

export const outputSchema: Schema = {
  $id: 'Output',
  ...object(
    {
      name: text('Its name.'),
      type: text('Its kind; see docs/outputs/.'),
      state: {
        type: 'string',
        enum: ['starting', 'idle', 'ok', 'failing'],
        description:
          'starting: the first attempt has not ended yet. idle: no attempt was needed yet; nothing is wrong. ok: the last attempt succeeded. ' +
          'failing: it did not, or something on the other side does not follow.',
      },
      revision: countOrNull('The revision that the other side has; null: unknown, because it asks when it likes.'),
      behind: countOrNull('How many changes the other side does not know yet; null: unknown.'),
      last_success_at: timeOrNull('When an attempt last succeeded; null: never.'),
      last_failure_at: timeOrNull('When one last failed; null: never.'),
      problem: { type: ['string', 'null'], description: 'What is wrong, and what to do. Null: nothing.' },
      successes: count('Attempts that succeeded, since the output began.'),
      failures: count('Attempts that failed, since the output began.'),
      details: {
        type: 'object',
        additionalProperties: { type: ['string', 'number', 'boolean', 'null'] },
        description: 'Facts of this kind of output, for people.',
      },
    },
    { description: 'A connection to a load balancer or another system.' },
  ),
};

export const outputListSchema: Schema = {
  $id: 'OutputList',
  ...object({ checker: text('This checker.'), revision, outputs: { type: 'array', items: { $ref: 'Output#' } } }),
};
