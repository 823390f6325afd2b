/** Why a name is of no listener: a sentence that names what there is, as long as that is readable. */
import type { Model } from './model.js';

export function listenerMissing(model: Model, name: string): string {
  const names = model.listeners.map(({ plan }) => plan.name);
  const known = names.length <= 10 ? `the listeners are: ${names.join(', ')}` : 'see /v1/listeners';
  return `There is no listener ${JSON.stringify(name)}; ${known}.`;
}
