import type { Schema } from '../../http/route.js';
import { epoch, object, revision, text } from './common.js';

export const statusSchema: Schema = {
  $id: 'Status',
  ...object({
    checker: text('This checker.'),
    epoch,
    revision,
    complete: {
      type: 'boolean',
      description: 'True: `backends` are all there are; forget all others. False: only what changed after `since`.',
    },
    backends: { type: 'array', items: { $ref: 'Backend#' } },
    removed: {
      type: 'array',
      items: object({ listener: text('Its listener.'), backend: text('Its id.') }),
      description: 'Backends that exist no longer. Empty in a complete answer.',
    },
  }),
};
