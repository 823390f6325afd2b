/** The option `listeners` of outputs: the listeners that the other side is expected to follow. */
import type { OutputCheckContext } from '../../config/output-kind.js';
import { listed } from '../../config/listed.js';
import { quotedIfHarmless } from '../../config/quoting.js';
import type { JsonSchema } from '../../config/json-schema.js';

export function listenersSchema(description: string): JsonSchema {
  return {
    type: 'array',
    items: { type: 'string' },
    minItems: 1,
    uniqueItems: true,
    description,
    'x-allowed': 'a list of names of listeners',
    'x-default': 'all',
  };
}

/** Reports names of listeners that the configuration does not have. */
export function checkListeners(options: Readonly<Record<string, unknown>>, context: OutputCheckContext): void {
  const named = options['listeners'] as readonly (string | undefined)[] | undefined;
  named?.forEach((name, index) => {
    if (name === undefined || context.listeners.has(name)) return;
    context.problem(
      ['listeners', index],
      `there is no listener ${quotedIfHarmless(name, 'of this name')}; listeners are ${listed(context.listeners)}`,
    );
  });
}
