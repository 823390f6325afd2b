import { apiErrorCodes } from '../../http/problem.js';
import type { Schema } from '../../http/route.js';
import { object, text } from './common.js';

export const problemSchema: Schema = {
  $id: 'Problem',
  ...object(
    {
      type: text('URI reference (RFC 9457). With `about:blank`, see `code`.'),
      title: text('Meaning of the code.'),
      status: { type: 'integer', minimum: 400, maximum: 599, description: 'HTTP status.' },
      detail: text('Human-readable: what is wrong in this case, and what is allowed.'),
      code: { type: 'string', enum: apiErrorCodes, description: 'Stable code for programs.' },
    },
    { additionalProperties: true, description: 'An error (RFC 9457).' },
  ),
};
