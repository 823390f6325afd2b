/** What operators said of backends, those that are not there (yet) too. */
import type { Override } from '../messages.js';
import { idOf } from './roster.js';
import type { Backend, Terms } from './records.js';

export class Overrides {
  readonly #byListener = new Map<string, Map<string, Override>>();

  /** Sets one; `none` and no weight end it. */
  set(override: Override): void {
    const { listener, backend, admin, weight } = override;
    const ofListener = this.#byListener.get(listener) ?? new Map<string, Override>();
    if (admin === 'none' && weight === undefined) ofListener.delete(backend);
    else ofListener.set(backend, override);
    if (ofListener.size === 0) this.#byListener.delete(listener);
    else this.#byListener.set(listener, ofListener);
  }

  /** The override of a backend. No id is made where its listener has none. */
  of(terms: Terms, place: number): Override | undefined {
    return this.#byListener.get(terms.listener.name)?.get(terms.columns.id(place));
  }

  /** The weight that is in force: the operator's, or the configured one. */
  weightOf(terms: Terms, place: number): number {
    return this.of(terms, place)?.weight ?? terms.columns.weight(place);
  }

  all(): Override[] {
    return [...this.#byListener.values()].flatMap((ofListener) => [...ofListener.values()]);
  }
}

/** The backend that an override or a command names, where its listener has it now. */
export function findBackend(
  listener: { readonly terms: Terms | undefined; readonly backends: readonly Backend[] },
  id: string,
): Backend | undefined {
  const place = listener.terms?.columns.find(id) ?? -1;
  const backend = listener.backends[place];
  return backend !== undefined && idOf(backend) === id ? backend : undefined;
}
