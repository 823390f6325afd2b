/**
 * The latest changes as texts of server-sent events: written once for all readers, and kept up to a number of bytes.
 *
 *   batches   [ 40 41 42 ] [ 43 ] [ 44 … 171 ]            an event has a place: it counts all since the start
 *               text         text   text                  the texts of a batch's events, one after the other
 *
 * A reader is a place in it: the next event that it is to get.
 */
import type { Change } from '../../../messages.js';
import type { Listeners } from '../change-log.js';
import type { Model } from '../model.js';
import { eventText } from './event-text.js';

interface Batch {
  /** Place of its first event. */
  readonly first: number;
  readonly text: Buffer;
  /** Where in the text each event ends. */
  readonly ends: Uint32Array;
  readonly revisions: Float64Array;
  /** Name of each one's listener. */
  readonly listeners: readonly string[];
}

/** Some 20,000 events. Who is further behind gets by with less by starting over. */
const defaultBytes = 8 * 1024 * 1024;
/** Small, because a slow reader holds on to the batch that its socket has not taken yet. */
const eventsInBatch = 128;
/** What a batch and an event cost beside their text, about. */
const batchOverhead = 400;
const eventOverhead = 24;

export class EventLog {
  readonly #mostBytes: number;
  readonly #batches: Batch[] = [];
  /** The oldest batch that is kept; the array is cleared of those before it now and then. */
  #head = 0;
  #bytes = 0;
  #end = 0;
  #knownFrom: number;
  #revision: number;
  /** Whose revisions these are. */
  readonly epoch: string;

  /** @param start the newest revision at the start, and its epoch; what changed before it is not known */
  constructor({ epoch, revision }: { readonly epoch: string; readonly revision: number }, mostBytes = defaultBytes) {
    this.epoch = epoch;
    this.#knownFrom = revision;
    this.#revision = revision;
    this.#mostBytes = mostBytes;
  }

  /** The newest revision. */
  get revision(): number {
    return this.#revision;
  }

  /** The place of the event that will come next. */
  get end(): number {
    return this.#end;
  }

  /** False where events from this place on are not kept any more. */
  has(place: number): boolean {
    return place >= (this.#batches[this.#head]?.first ?? this.#end);
  }

  /** Takes note of changes, in the order of their revisions. @param model the plan that they belong to */
  add(changes: readonly Change[], model: Model): void {
    for (let start = 0; start < changes.length; start += eventsInBatch) this.#append(changes.slice(start, start + eventsInBatch), model);
    this.advance(changes.at(-1)?.revision ?? 0);
    while (this.#bytes > this.#mostBytes) this.#forgetOldest();
  }

  /** Says that nothing else changed up to this revision. */
  advance(revision: number): void {
    if (revision > this.#revision) this.#revision = revision;
  }

  /** The place of the first event after a revision; undefined for a revision of another start, or of too long ago. */
  placeAfter(revision: number): number | undefined {
    if (revision < this.#knownFrom || revision > this.#revision) return undefined;
    const batch = this.#batches[this.#firstWhere(({ revisions }) => revisions.at(-1)! > revision)];
    return batch === undefined ? this.#end : batch.first + batch.revisions.findIndex((one) => one > revision);
  }

  /**
   * Some events from a place on.
   *
   * @param place one that it {@link has}, before the {@link end}
   * @param listeners only events of these
   * @returns their text, empty where none of them is wanted, and the place after them
   */
  read(place: number, listeners: Listeners): { readonly text: Buffer; readonly next: number } {
    const batch = this.#batches[this.#firstWhere(({ first, ends }) => first + ends.length > place)]!;
    const next = batch.first + batch.ends.length;
    if (listeners === undefined) return { text: batch.text.subarray(startOf(batch, place - batch.first)), next };
    const wanted: Buffer[] = [];
    for (let index = place - batch.first; index < batch.ends.length; index++) {
      if (listeners.has(batch.listeners[index]!)) wanted.push(batch.text.subarray(startOf(batch, index), batch.ends[index]));
    }
    return { text: wanted.length === 1 ? wanted[0]! : Buffer.concat(wanted), next };
  }

  #append(changes: readonly Change[], model: Model): void {
    const texts = changes.map((change) => eventText(change, this.epoch, model));
    const text = Buffer.from(texts.join(''));
    const ends = new Uint32Array(changes.length);
    let end = 0;
    texts.forEach((one, index) => (ends[index] = end += Buffer.byteLength(one)));
    // The plan's own string, instead of one for each event.
    const listeners = changes.map(({ listener }) => model.listener(listener)?.plan.name ?? listener);
    this.#batches.push({ first: this.#end, text, ends, revisions: Float64Array.from(changes, ({ revision }) => revision), listeners });
    this.#end += changes.length;
    this.#bytes += bytesOf(text, changes.length);
  }

  #forgetOldest(): void {
    const { text, revisions } = this.#batches[this.#head]!;
    this.#bytes -= bytesOf(text, revisions.length);
    this.#knownFrom = revisions.at(-1)!;
    this.#head++;
    if (this.#head < 1024 && this.#head < this.#batches.length) return;
    this.#batches.splice(0, this.#head);
    this.#head = 0;
  }

  /** Index of the first batch for which it is true; it stays true for all after it. */
  #firstWhere(isFrom: (batch: Batch) => boolean): number {
    let [low, high] = [this.#head, this.#batches.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (isFrom(this.#batches[middle]!)) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

function startOf({ ends }: Batch, index: number): number {
  return index === 0 ? 0 : ends[index - 1]!;
}

function bytesOf(text: Buffer, events: number): number {
  return batchOverhead + text.length + events * eventOverhead;
}
