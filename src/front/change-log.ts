/**
 * Which backends changed since a revision: a list of backends in the order of their last change, newest at the end.
 *
 *   oldest ⇄ web/app-7 @103 ⇄ web/app-2 @117 ⇄ dns/10.0.0.9:53 @118 ⇄ newest
 *
 * A backend stands in it once: a further change moves it to the end. So an answer costs as much as backends changed,
 * and a poller that comes late gets each backend once, however often it flapped. What a backend is like, and whether
 * it still exists, is read from the model when the answer is made.
 */
export interface ChangedBackend {
  readonly listener: string;
  readonly backend: string;
}

interface Entry extends ChangedBackend {
  readonly key: string;
  revision: number;
  older: Entry | undefined;
  newer: Entry | undefined;
}

export class ChangeLog {
  readonly #entries = new Map<string, Entry>();
  #oldest: Entry | undefined;
  #newest: Entry | undefined;
  #firstKnown: number;
  #revision: number;

  /** @param revision the newest revision at the start; what changed before it is not known */
  constructor(revision: number) {
    this.#firstKnown = revision;
    this.#revision = revision;
  }

  /** The newest revision. */
  get revision(): number {
    return this.#revision;
  }

  /** Takes note of a change. Revisions come in growing order (invariant 6). */
  record(revision: number, listener: string, backend: string): void {
    const key = backendKey(listener, backend);
    let entry = this.#entries.get(key);
    if (entry) {
      this.#unlink(entry);
      entry.revision = revision;
    } else {
      entry = { key, listener, backend, revision, older: undefined, newer: undefined };
      this.#entries.set(key, entry);
    }
    this.#append(entry);
    this.advance(revision);
  }

  /** Says that nothing else changed up to this revision. */
  advance(revision: number): void {
    if (revision > this.#revision) this.#revision = revision;
  }

  /** Drops the oldest changes beyond so many backends; what came before them is unknown from then on. */
  limit(backends: number): void {
    while (this.#entries.size > backends && this.#oldest) {
      const dropped = this.#oldest;
      this.#unlink(dropped);
      this.#entries.delete(dropped.key);
      this.#firstKnown = dropped.revision;
    }
  }

  /** False for a revision of another start of the process, or of too long ago. */
  knows(since: number): boolean {
    return since >= this.#firstKnown && since <= this.#revision;
  }

  /** True where a backend changed after this revision. */
  changedSince(since: number): boolean {
    return this.#newest !== undefined && this.#newest.revision > since;
  }

  /** Backends that changed after this revision, the latest change last. */
  since(since: number): ChangedBackend[] {
    const changed: ChangedBackend[] = [];
    for (let entry = this.#newest; entry && entry.revision > since; entry = entry.older) changed.push(entry);
    return changed.reverse();
  }

  #append(entry: Entry): void {
    entry.older = this.#newest;
    entry.newer = undefined;
    if (this.#newest) this.#newest.newer = entry;
    else this.#oldest = entry;
    this.#newest = entry;
  }

  #unlink(entry: Entry): void {
    if (entry.older) entry.older.newer = entry.newer;
    else this.#oldest = entry.newer;
    if (entry.newer) entry.newer.older = entry.older;
    else this.#newest = entry.older;
  }
}

/** One string for a backend of a listener; no two pairs share one, whatever characters are in the names. */
export function backendKey(listener: string, backend: string): string {
  return `${listener.length}:${listener}${backend}`;
}
