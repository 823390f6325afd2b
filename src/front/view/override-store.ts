/** What operators said of backends, those that are not there (yet) too: who, why and until when. */
import type { Admin } from '../../health/routable.js';
import type { Instant } from '../../instant.js';
import type { Override } from '../../messages.js';
import { msUntilEnd } from '../../override-end.js';

export const overrideModes = ['maintenance', 'forced_healthy', 'forced_unhealthy'] as const satisfies readonly Admin[];
export type OverrideMode = (typeof overrideModes)[number];

export class OverrideStore {
  readonly #byListener = new Map<string, Map<string, Override>>();
  #size = 0;

  constructor(overrides: Iterable<Override> = []) {
    for (const override of overrides) this.set(override);
  }

  /** Backends that have one. */
  get size(): number {
    return this.#size;
  }

  of(listener: string, backend: string): Override | undefined {
    return this.#byListener.get(listener)?.get(backend);
  }

  /** Neither mode nor weight: forgets it. */
  set(override: Override): void {
    const { listener, backend, admin, weight } = override;
    const ofListener = this.#byListener.get(listener) ?? new Map<string, Override>();
    const before = ofListener.size;
    if (admin === 'none' && weight === undefined) ofListener.delete(backend);
    else ofListener.set(backend, override);
    this.#size += ofListener.size - before;
    if (ofListener.size === 0) this.#byListener.delete(listener);
    else this.#byListener.set(listener, ofListener);
  }

  *all(): Generator<Override, void> {
    for (const ofListener of this.#byListener.values()) yield* ofListener.values();
  }

  /** How many backends are overridden in each way. */
  counts(): Record<OverrideMode | 'weight', number> {
    const counts = { maintenance: 0, forced_healthy: 0, forced_unhealthy: 0, weight: 0 };
    for (const { admin, weight } of this.all()) {
      if (admin !== 'none') counts[admin]++;
      if (weight !== undefined) counts.weight++;
    }
    return counts;
  }

  /** How long until the next one ends by itself, ms; 0 or less: it should have ended. Undefined: none does. */
  msUntilNextEnd(now: Instant): number | undefined {
    let next = Infinity;
    for (const override of this.all()) next = Math.min(next, msUntilEnd(override, now));
    return next === Infinity ? undefined : next;
  }

  /** Those that should have ended by now. */
  expired(now: Instant): Override[] {
    return [...this.all()].filter((override) => msUntilEnd(override, now) <= 0);
  }
}

export function withoutMode({ listener, backend, weight, weightNote }: Override): Override {
  return { listener, backend, admin: 'none', weight, ...(weightNote && { weightNote }) };
}

export function withoutWeight({ listener, backend, admin, adminNote }: Override): Override {
  return { listener, backend, admin, weight: undefined, ...(adminNote && { adminNote }) };
}
