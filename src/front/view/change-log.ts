/**
 * Which backends changed since a revision: their slots in the order of their last change, newest at the end, linked
 * through columns that are indexed by slot:
 *
 *   oldest ⇄ slot 7 @103 ⇄ slot 2 @117 ⇄ slot 9 @118 ⇄ newest          #older, #newer, #revision
 *
 * A slot stands in it once: a further change moves it to the end. So an answer costs as much as backends changed, and
 * a poller that comes late gets each backend once, however often it flapped. What a backend is like is read from the
 * model and the table when the answer is made. Backends that were removed have no slot any more: they are kept by name,
 * in a list of their own.
 */
import { copied } from './columns.js';

export interface RemovedBackend {
  readonly revision: number;
  readonly listener: string;
  readonly backend: string;
}

/** Names of those that somebody asks for; undefined: all. */
export type Listeners = ReadonlySet<string> | undefined;

/**
 * What a client says it knows: all changes up to a revision of this process; nothing (undefined); or what only another
 * process, or nobody, can have told it (`foreign`).
 */
export type Known = number | 'foreign' | undefined;

/** What changed, the latest last. */
export interface ChangedSince {
  readonly slots: readonly number[];
  /** Removed at some time since; one that was added again may be among them. Each once. */
  readonly removed: readonly RemovedBackend[];
}

const none = -1;
const firstSlots = 64;

export class ChangeLog {
  #older = new Int32Array(firstSlots);
  #newer = new Int32Array(firstSlots);
  /** Of the slot's latest change; 0 for a slot that is not in the list. */
  #changedAt = new Float64Array(firstSlots);
  /** When the latest former owner of the slot was removed; 0 where there was none. */
  #removedAt = new Float64Array(firstSlots);
  #newest = none;
  /** Of each listener's latest change. Listeners that are gone stay for as long as somebody may ask for what they were. */
  readonly #changedOf = new Map<string, number>();
  #removed: RemovedBackend[] = [];
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

  /** Takes note of a change of the backend in this slot. Revisions come in growing order (invariant 6). */
  record(revision: number, slot: number, listener: string): void {
    this.#reserve(slot);
    this.#unlink(slot);
    this.#append(slot);
    this.#changedAt[slot] = revision;
    this.#changedOf.set(listener, revision);
    this.advance(revision);
  }

  /** Takes note that a backend is gone: its slot may become another's. */
  recordRemoved(revision: number, slot: number, listener: string, backend: string): void {
    this.#reserve(slot);
    this.#unlink(slot);
    this.#removedAt[slot] = revision;
    this.#removed.push({ revision, listener, backend });
    this.#changedOf.set(listener, revision);
    this.advance(revision);
  }

  /** Says that nothing else changed up to this revision. */
  advance(revision: number): void {
    if (revision > this.#revision) this.#revision = revision;
  }

  /** Forgets the oldest removed backends beyond so many; what came before is unknown from then on. */
  limitRemoved(kept: number): void {
    const forgotten = this.#removed.splice(0, this.#removed.length - kept);
    this.#firstKnown = forgotten.at(-1)?.revision ?? this.#firstKnown;
    if (forgotten.length === 0) return;
    for (const [listener, revision] of this.#changedOf) if (revision <= this.#firstKnown) this.#changedOf.delete(listener);
  }

  /** False for a revision of another start of the process, or of too long ago, and for a client that names none. */
  knows(since: Known): since is number {
    return typeof since === 'number' && since >= this.#firstKnown && since <= this.#revision;
  }

  /**
   * The revision of the latest change of any of these listeners; if none is known, the first known revision. So two
   * answers that say the same of a listener have the same value, even if a change in between has been forgotten.
   */
  newestOf(listeners: Iterable<string>): number {
    let newest = this.#firstKnown;
    for (const listener of listeners) newest = Math.max(newest, this.#changedOf.get(listener) ?? 0);
    return newest;
  }

  /** True where a backend changed after this revision. */
  changedSince(since: number, listeners?: Listeners): boolean {
    if (listeners !== undefined) return this.newestOf(listeners) > since;
    const newestChange = this.#newest === none ? 0 : this.#changedAt[this.#newest]!;
    return Math.max(newestChange, this.#removed.at(-1)?.revision ?? 0) > since;
  }

  /** True where the slot had another owner at this revision. */
  ownerLeftSince(since: number, slot: number): boolean {
    return this.#removedAt[slot]! > since;
  }

  /** Backends that changed after this revision. */
  since(since: number): ChangedSince {
    const slots: number[] = [];
    for (let slot = this.#newest; slot !== none && this.#changedAt[slot]! > since; slot = this.#older[slot]!) slots.push(slot);
    return { slots: slots.reverse(), removed: this.#removedSince(since) };
  }

  #removedSince(since: number): RemovedBackend[] {
    const byKey = new Map<string, RemovedBackend>();
    for (let place = this.#removed.length - 1; place >= 0 && this.#removed[place]!.revision > since; place--) {
      const removed = this.#removed[place]!;
      const key = backendKey(removed.listener, removed.backend);
      if (!byKey.has(key)) byKey.set(key, removed);
    }
    return [...byKey.values()].reverse();
  }

  #append(slot: number): void {
    this.#older[slot] = this.#newest;
    this.#newer[slot] = none;
    if (this.#newest !== none) this.#newer[this.#newest] = slot;
    this.#newest = slot;
  }

  #unlink(slot: number): void {
    if (this.#changedAt[slot] === 0) return;
    this.#changedAt[slot] = 0;
    const older = this.#older[slot]!;
    const newer = this.#newer[slot]!;
    if (older !== none) this.#newer[older] = newer;
    if (newer === none) this.#newest = older;
    else this.#older[newer] = older;
  }

  #reserve(slot: number): void {
    if (slot < this.#older.length) return;
    const slots = Math.max(slot + 1, this.#older.length * 2);
    this.#older = copied(this.#older, new Int32Array(slots));
    this.#newer = copied(this.#newer, new Int32Array(slots));
    this.#changedAt = copied(this.#changedAt, new Float64Array(slots));
    this.#removedAt = copied(this.#removedAt, new Float64Array(slots));
  }
}

/** One string for a backend of a listener; no two pairs share one, whatever characters are in the names. */
export function backendKey(listener: string, backend: string): string {
  return `${listener.length}:${listener}${backend}`;
}
