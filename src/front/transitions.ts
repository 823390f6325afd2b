/** The recent changes of state of each backend, for the API. */
import type { Reason } from '../health/reasons.js';
import type { State } from '../health/state.js';
import type { Change } from '../status/messages.js';
import { backendKey } from './change-log.js';
import type { Model } from './model.js';

/** Kept for each backend; older ones go. */
export const transitionsKept = 16;

export interface StateTransition {
  readonly revision: number;
  /** Wall-clock ms since the epoch. */
  readonly at: number;
  readonly from: State;
  readonly to: State;
  /** Of the probe that decided; undefined where no probe did (checks switched off or on). */
  readonly reason: Reason | undefined;
  readonly detail: string;
  /** Like outcomes in a row that decided. */
  readonly runLength: number | undefined;
}

export class TransitionHistory {
  readonly #byBackend = new Map<string, { readonly listener: string; readonly backend: string; readonly list: StateTransition[] }>();

  /** Takes note of a change of state, and forgets a backend that was removed. */
  record(change: Change): void {
    const key = backendKey(change.listener, change.backend);
    if (change.what === 'removed') this.#byBackend.delete(key);
    if (change.what !== 'state') return;
    let kept = this.#byBackend.get(key);
    if (!kept) {
      kept = { listener: change.listener, backend: change.backend, list: [] };
      this.#byBackend.set(key, kept);
    }
    const { revision, at, from, to, reason, detail = '', runLength } = change;
    kept.list.push({ revision, at, from, to, reason, detail, runLength });
    if (kept.list.length > transitionsKept) kept.list.shift();
  }

  /** Newest first. */
  of(listener: string, backend: string): StateTransition[] {
    return this.#byBackend.get(backendKey(listener, backend))?.list.toReversed() ?? [];
  }

  /** Forgets every backend that the model does not have. */
  keepOnly(model: Model): void {
    for (const [key, { listener, backend }] of this.#byBackend) {
      if (!model.backend(listener, backend)) this.#byBackend.delete(key);
    }
  }
}
