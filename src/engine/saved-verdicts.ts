/** Verdicts of an earlier process: which backend may take one up. */
import { targetOf, type SavedVerdict } from '../persistence/snapshot.js';
import type { Terms } from './records.js';

/** The verdicts of an earlier process. */
export class SavedVerdicts {
  readonly #byListener = new Map<string, Map<string, SavedVerdict>>();

  constructor(verdicts: readonly SavedVerdict[]) {
    for (const verdict of verdicts) {
      const ofListener = this.#byListener.get(verdict.listener);
      if (ofListener === undefined) this.#byListener.set(verdict.listener, new Map([[verdict.backend, verdict]]));
      else ofListener.set(verdict.backend, verdict);
    }
  }

  /** The verdict of a backend that is judged in the same way now. */
  find({ listener, check, columns }: Terms, place: number): SavedVerdict | undefined {
    const saved = this.#byListener.get(listener.name)?.get(columns.id(place));
    if (saved === undefined) return undefined;
    return saved.target === targetOf(check.type, columns.address(place), columns.checkPort(place)) ? saved : undefined;
  }
}
