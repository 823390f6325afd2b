import { auditActions, auditResults } from '../../control/audit.js';
import type { Schema } from '../../http/route.js';
import { count, object, text, time } from './common.js';

const textOrNull = (description: string): Schema => ({ type: ['string', 'null'], description });

const entry = object({
  at: time('Time of the entry.'),
  action: { type: 'string', enum: [...auditActions], description: 'What was done or requested.' },
  listener: text('Name of the listener.'),
  backend: textOrNull('Id of the backend. Null if the change affects all runtime backends of the listener.'),
  caller: text('Name of the token, certificate or socket of the caller. `vitald` for changes that vitald makes by itself.'),
  by: textOrNull('Author that the caller named.'),
  remote: textOrNull('Address of the client.'),
  reason: textOrNull('Reason that the caller gave.'),
  before: { description: 'State before the change.' },
  after: { description: 'State after the change.' },
  result: { type: 'string', enum: [...auditResults], description: '`not_saved`: the change is in force, but not on disk.' },
  code: textOrNull('Error code of a rejected request.'),
  detail: textOrNull('Human-readable detail of a rejected request.'),
  left_out: count('For a rejected request: number of similar ones (same caller, network, action and code) that were left out before it.'),
});

export const auditListSchema: Schema = {
  $id: 'AuditList',
  ...object({ checker: text('Name of this checker.'), entries: { type: 'array', items: entry, description: 'Entries, newest first.' } }),
};
