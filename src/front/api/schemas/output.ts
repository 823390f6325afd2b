import type { Schema } from '../../http/route.js';
import { count, object, revision, text } from './common.js';

const timeOrNull = (description: string): Schema => ({ type: ['string', 'null'], format: 'date-time', description });
const countOrNull = (description: string): Schema => ({ type: ['integer', 'null'], minimum: 0, description });

export const outputSchema: Schema = {
  $id: 'Output',
  ...object(
    {
      name: text('Name of the output.'),
      type: text('Kind of the output; see docs/outputs/.'),
      state: {
        type: 'string',
        enum: ['starting', 'idle', 'ok', 'failing'],
        description:
          '`starting`: the first attempt has not ended yet. `idle`: no attempt was needed yet; nothing is wrong. `ok`: the last attempt ' +
          'succeeded. `failing`: the last attempt failed, or something on the other side does not follow vitald.',
      },
      revision: countOrNull('Revision that the other side has. Null if unknown, because the other side polls.'),
      behind: countOrNull('Number of changes that the other side does not have yet. Null if unknown.'),
      last_success_at: timeOrNull('Time of the last successful attempt. Null if there was none.'),
      last_failure_at: timeOrNull('Time of the last failed attempt. Null if there was none.'),
      problem: { type: ['string', 'null'], description: 'What is wrong, and what to do. Null if nothing is wrong.' },
      successes: count('Number of successful attempts since the output started.'),
      failures: count('Number of failed attempts since the output started.'),
      details: {
        type: 'object',
        additionalProperties: { type: ['string', 'number', 'boolean', 'null'] },
        description: 'Human-readable facts that depend on the kind of the output.',
      },
    },
    { description: 'A connection to a load balancer or another system.' },
  ),
};

export const outputListSchema: Schema = {
  $id: 'OutputList',
  ...object({ checker: text('Name of this checker.'), revision, outputs: { type: 'array', items: { $ref: 'Output#' } } }),
};
