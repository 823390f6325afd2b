import type { Schema } from '../../http/route.js';
import { epoch, object, revision, text } from './common.js';

export const statusSchema: Schema = {
  $id: 'Status',
  ...object({
    checker: text('Name of this checker.'),
    epoch,
    revision,
    complete: {
      type: 'boolean',
      description: 'If true, `backends` lists all backends: delete all others. If false, it lists only what changed after `since`.',
    },
    backends: { type: 'array', items: { $ref: 'Backend#' } },
    removed: {
      type: 'array',
      items: object({ listener: text('Listener of the backend.'), backend: text('Id of the backend.') }),
      description: 'Backends that no longer exist. Empty in a complete answer.',
    },
  }),
};
