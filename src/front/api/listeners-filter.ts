/** `?listener=`, once or several times: for those whom only some listeners concern. */
import type { Known, Listeners } from '../view/change-log.js';
import type { FrontState } from '../view/state.js';

export const mostListeners = 100;

export const listenersParameter = {
  type: 'array',
  items: { type: 'string' },
  maxItems: mostListeners,
  description: `Only this listener. Repeat it for several listeners, up to ${mostListeners} times.`,
} as const;

/**
 * A name that is no listener's: it must not look like a listener without backends.
 *
 * @param since a listener that has gone after this revision is not unknown: that its backends are gone is still to be told
 */
export function unknownListener({ model, changes }: FrontState, listeners: Listeners, since: Known): string | undefined {
  const isToBeTold = (name: string): boolean => changes.knows(since) && changes.newestOf([name]) > since;
  return [...(listeners ?? [])].find((name) => model.listener(name) === undefined && !isToBeTold(name));
}
