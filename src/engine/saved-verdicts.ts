/** Verdicts that outlive the process: what is taken down of a backend, and whether a new process may take it up. */
import type { SavedVerdict } from '../status/snapshot.js';
import { idOf, type Backend, type Terms } from './roster.js';

/** What a later process should know; undefined where there is no verdict. @param since when its state began, wall-clock ms */
export function savedVerdict(backend: Backend, since: number): SavedVerdict | undefined {
  const { terms, place, state, runOutcome, runLength } = backend;
  if (state !== 'healthy' && state !== 'unhealthy') return undefined;
  return {
    listener: terms.listener.name,
    backend: idOf(backend),
    target: targetOf(terms, place),
    state,
    since,
    run: { outcome: runOutcome, length: runLength },
  };
}

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
  find(terms: Terms, place: number): SavedVerdict | undefined {
    const saved = this.#byListener.get(terms.listener.name)?.get(terms.columns.id(place));
    return saved?.target === targetOf(terms, place) ? saved : undefined;
  }
}

/** What was judged and how, as far as a verdict depends on it. */
function targetOf({ check, columns }: Terms, place: number): string {
  return `${check.type} ${columns.address(place)} ${String(columns.checkPort(place))}`;
}
