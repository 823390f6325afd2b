import { auditActions, auditResults } from '../../control/audit.js';
import type { Schema } from '../../http/route.js';
import { count, object, text, time } from './common.js';

const textOrNull = (description: string): Schema => ({ type: ['string', 'null'], description });

const entry = object({
  at: time('When.'),
  action: { type: 'string', enum: [...auditActions], description: 'What was done or asked for.' },
  listener: text('The listener.'),
  backend: textOrNull('Id of the backend; null: the change was of all runtime backends of the listener.'),
  caller: text('Name of the caller’s token, certificate or socket; `vitald`: by itself.'),
  by: textOrNull('Whom the caller named as the author.'),
  remote: textOrNull('Address that the request came from.'),
  reason: textOrNull('Why.'),
  before: { description: 'What was there.' },
  after: { description: 'What is there now.' },
  result: { type: 'string', enum: [...auditResults], description: 'not_saved: in force, but not on disk.' },
  code: textOrNull('Of a refusal.'),
  detail: textOrNull('Of a refusal, for people.'),
  left_out: count('Of a refusal: how many like it (same caller, network, action and code) were left out before it.'),
});

export const auditListSchema: Schema = {
  $id: 'AuditList',
  ...object({ checker: text('This checker.'), entries: { type: 'array', items: entry, description: 'Newest first.' } }),
};
