import type { Schema } from '../route.js';
import { count, object, text } from './common.js';

export const aliveSchema: Schema = { $id: 'Alive', ...object({ status: { const: 'alive' } }) };

export const readySchema: Schema = {
  $id: 'Ready',
  ...object({ status: { const: 'ready' }, backends: count('All backends, disabled ones too.'), checker: text('This checker.') }),
};
