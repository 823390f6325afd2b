import type { Schema } from '../../http/route.js';
import { count, object, text } from './common.js';

export const aliveSchema: Schema = {
  $id: 'Alive',
  ...object({
    status: { const: 'alive' },
    state_dir: {
      enum: ['ok', 'failing', 'none'],
      description:
        'Whether vitald saves verdicts and overrides to disk. `failing`: it cannot at the moment; the log and the page at `/` show the cause. `none`: saving is not configured.',
    },
  }),
};

export const readySchema: Schema = {
  $id: 'Ready',
  ...object({
    status: { const: 'ready' },
    backends: count('Number of all backends, including disabled ones.'),
    checker: text('Name of this checker.'),
  }),
};
