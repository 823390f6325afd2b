import type { Schema } from '../../http/route.js';
import { count, object, text } from './common.js';

export const aliveSchema: Schema = {
  $id: 'Alive',
  ...object({
    status: { const: 'alive' },
    state_dir: {
      enum: ['ok', 'failing', 'none'],
      description:
        'Whether verdicts and overrides are kept on disk. `failing`: not now; log and page say why. `none`: it is not configured.',
    },
  }),
};

export const readySchema: Schema = {
  $id: 'Ready',
  ...object({ status: { const: 'ready' }, backends: count('All backends, disabled ones too.'), checker: text('This checker.') }),
};
