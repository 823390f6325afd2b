import { apiErrorCodes } from '../../http/problem.js';
import type { Schema } from '../../http/route.js';
import { object, text } from './common.js';

export const problemSchema: Schema = {
  $id: 'Problem',
  ...object(
    {
      type: text('A URI reference (RFC 9457); about:blank: the code says it.'),
      title: text('What the code means.'),
      status: { type: 'integer', minimum: 400, maximum: 599, description: 'The HTTP status.' },
      detail: text('For people: what is wrong here, and what is allowed.'),
      code: { type: 'string', enum: apiErrorCodes, description: 'A stable word for programs.' },
    },
    { additionalProperties: true, description: 'An error (RFC 9457).' },
  ),
};
