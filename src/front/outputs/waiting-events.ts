/**
 * What an output still has to tell: in one of two ways.
 *
 *   each       changes wait in a queue, and each is an event
 *   by state   nothing waits; backends that changed since the last delivery are an event each, made when it is sent:
 *              from the state that was told last, to the present one
 *
 *   each ── a delivery failed, or too many wait ──► by state ── nothing has changed since ──► each
 *
 * So there is no memory that grows while the other side is away, and who comes back is brought to the present instead
 * of through the past. Events of one backend come in the order of their revisions; after a failure one may come twice.
 */
import type { Change } from '../../messages.js';
import type { BackendsView } from './backends-view.js';
import { eventOf, isWanted, presentEvent, removedEvent, type EventKind, type OutputEvent } from './output-event.js';

/** Beyond this many the other side is not keeping up. */
export const mostWaiting = 10_000;
/** Backends that are looked at in one turn of the event loop. */
const mostLookedAt = 500;

export interface EventPage {
  /** May be empty though there is more. */
  readonly events: readonly OutputEvent[];
  /** True where backends that were removed may be missing: who keeps a list of all should fetch it anew. */
  readonly isIncomplete: boolean;
}

export interface WaitingEventsOptions {
  readonly view: BackendsView;
  readonly wanted: ReadonlySet<EventKind>;
  /** The other side knows all up to this revision; undefined: up to the present one. */
  readonly since: number | undefined;
}

/** The backends that changed since `since`, by state: removed ones first, then those in `slots`. */
interface Walk {
  readonly since: number;
  /** All that changed up to this revision is in it. */
  readonly upTo: number;
  readonly slots: readonly number[];
  readonly removed: readonly { readonly revision: number; readonly listener: string; readonly backend: string }[];
  readonly isComplete: boolean;
  /** All backends that have a verdict, not what changed. */
  readonly isStart: boolean;
  /** How many of `removed` and `slots` together have been told. */
  next: number;
}

export class WaitingEvents {
  readonly #view: BackendsView;
  readonly #wanted: ReadonlySet<EventKind>;
  #queue: Change[] = [];
  #isByState = false;
  #walk: Walk | undefined;
  /** All up to this revision has been told. */
  #toldUpTo: number;
  /** What the page that is on its way is made of: changes at the head of the queue, or where in the walk it ends. */
  #taken: { readonly changes: readonly Change[] } | { readonly next: number } | undefined;

  constructor({ view, wanted, since = view.revision }: WaitingEventsOptions) {
    this.#view = view;
    this.#wanted = wanted;
    this.#toldUpTo = since;
    this.#isByState = since < view.revision;
  }

  get isEmpty(): boolean {
    return !this.#isByState && this.#queue.length === 0;
  }

  /** Changes in the queue; undefined: by state, so that nobody knows. */
  get count(): number | undefined {
    return this.#isByState ? undefined : this.#queue.length;
  }

  /** The other side knows all up to this revision. */
  get toldUpTo(): number {
    return this.#toldUpTo;
  }

  /** Makes all backends that have a verdict events. The others follow as soon as they get theirs. */
  addAll(): void {
    this.#queue = [];
    this.#isByState = true;
    const upTo = this.#view.revision;
    this.#walk = { since: upTo, upTo, slots: this.#view.allSlots(), removed: [], isComplete: true, isStart: true, next: 0 };
  }

  /** @param changes the view shows them already */
  add(changes: readonly Change[]): void {
    if (this.#isByState) return;
    for (const change of changes) if (isWanted(change, this.#wanted)) this.#queue.push(change);
    if (this.#queue.length > mostWaiting) this.#turnToState();
    else if (this.#queue.length === 0) this.#toldUpTo = Math.max(this.#toldUpTo, changes.at(-1)?.revision ?? 0);
  }

  /** The next events; undefined where there are none. Say what became of them before taking more. */
  take(most: number): EventPage | undefined {
    const page = this.#isByState ? this.#takeByState(most) : undefined;
    if (page !== undefined) return page;
    if (this.#queue.length === 0) return undefined;
    const changes = this.#queue.slice(0, most);
    this.#taken = { changes };
    return { events: changes.map((change) => eventOf(change, this.#view)), isIncomplete: false };
  }

  delivered(): void {
    const taken = this.#taken;
    this.#taken = undefined;
    if (taken === undefined) return;
    if ('next' in taken) {
      if (this.#walk !== undefined) this.#walk.next = taken.next;
      return;
    }
    // Where too many came meanwhile, the queue is empty already.
    if (!this.#isByState) this.#queue.splice(0, taken.changes.length);
    this.#toldUpTo = taken.changes.at(-1)!.revision;
  }

  failed(): void {
    this.#taken = undefined;
    if (!this.#isByState) this.#turnToState();
  }

  #turnToState(): void {
    this.#queue = [];
    this.#isByState = true;
  }

  /** Ends the way by state where nothing has changed any more. */
  #takeByState(most: number): EventPage | undefined {
    for (;;) {
      this.#walk ??= this.#beginWalk();
      const walk = this.#walk;
      const length = walk.removed.length + walk.slots.length;
      if (length === 0) {
        this.#isByState = false;
        this.#walk = undefined;
        this.#toldUpTo = walk.upTo;
        return undefined;
      }
      if (walk.next < length) return this.#takePage(walk, length, most);
      this.#toldUpTo = walk.upTo;
      this.#walk = undefined;
    }
  }

  #beginWalk(): Walk {
    const since = this.#toldUpTo;
    return { ...this.#view.changedSlots(since), since, upTo: this.#view.revision, isStart: false, next: 0 };
  }

  #takePage(walk: Walk, length: number, most: number): EventPage {
    const events: OutputEvent[] = [];
    const last = Math.min(length, walk.next + mostLookedAt);
    let { next } = walk;
    for (; next < last && events.length < most; next++) {
      const event = this.#eventAt(walk, next);
      if (event !== undefined) events.push(event);
    }
    this.#taken = { next };
    return { events, isIncomplete: !walk.isComplete };
  }

  #eventAt({ removed, slots, since, isStart }: Walk, place: number): OutputEvent | undefined {
    const gone = removed[place];
    if (gone !== undefined) return this.#wanted.has('membership') ? removedEvent(gone) : undefined;
    const event = presentEvent(slots[place - removed.length]!, since, this.#view);
    if (event === undefined || (isStart && event.to === 'initial')) return undefined;
    const isOnlyState = this.#wanted.size === 1 && this.#wanted.has('state');
    return isOnlyState && !isStart && event.event !== 'state' ? undefined : event;
  }
}
