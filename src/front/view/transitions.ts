/**
 * The recent changes of state of each backend, for the API.
 *
 *   slot          0      1      2   …
 *   #newest    [  4 ] [  - ] [  7 ]          the latest transition of each backend: an entry of the pool
 *   #kept      [  1 ] [  0 ] [  2 ]
 *
 *   entry         …      4      5      6      7   …      columns; #older leads to the backend's transition before
 *   older             [  - ] [free] [  - ] [  6 ]
 *   revision          [118 ]        [102 ] [119 ]
 *
 * At start each of 100,000 backends makes a transition: as objects they took 700 bytes each.
 */
import { reasonCode, reasons, type Reason } from '../../health/reasons.js';
import { states, type State } from '../../health/state.js';
import type { Change } from '../../messages.js';
import { copied } from './columns.js';
import { InternedTexts } from './interned.js';

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

const none = -1;
const noReason = 0xff;
const firstRows = 64;

export class TransitionHistory {
  // By slot.
  #newest = new Int32Array(firstRows).fill(none);
  #kept = new Uint8Array(firstRows);
  // By entry of the pool.
  #older = new Int32Array(firstRows);
  #revision = new Float64Array(firstRows);
  #at = new Float64Array(firstRows);
  #detail = new Uint32Array(firstRows);
  #runLength = new Uint32Array(firstRows);
  #from = new Uint8Array(firstRows);
  #to = new Uint8Array(firstRows);
  #reason = new Uint8Array(firstRows);
  readonly #details = new InternedTexts();
  /** Entries that were used and are free again, linked by #older; beyond {@link #used} all are free. */
  #free = none;
  #used = 0;

  /** Takes note of a change of state, and forgets a backend that was removed. */
  record(change: Change): void {
    if (change.what === 'removed') this.#forget(change.slot);
    if (change.what !== 'state') return;
    const { slot } = change;
    this.#reserveSlot(slot);
    if (this.#kept[slot] === transitionsKept) this.#dropOldest(slot);
    const entry = this.#takeEntry();
    this.#write(entry, change);
    this.#older[entry] = this.#newest[slot]!;
    this.#newest[slot] = entry;
    this.#kept[slot]!++;
  }

  /** Of the backend in this slot, newest first. */
  of(slot: number): StateTransition[] {
    const transitions: StateTransition[] = [];
    for (let entry = this.#newest[slot] ?? none; entry !== none; entry = this.#older[entry]!) transitions.push(this.#read(entry));
    return transitions;
  }

  #write(entry: number, { revision, at, from, to, reason, detail = '', runLength }: Change): void {
    this.#revision[entry] = revision;
    this.#at[entry] = at;
    this.#from[entry] = states.indexOf(from);
    this.#to[entry] = states.indexOf(to);
    this.#reason[entry] = reason === undefined ? noReason : reasonCode[reason];
    this.#runLength[entry] = runLength ?? 0;
    this.#detail[entry] = this.#details.take(detail);
  }

  #read(entry: number): StateTransition {
    const reason = reasons[this.#reason[entry]!];
    return {
      revision: this.#revision[entry]!,
      at: this.#at[entry]!,
      from: states[this.#from[entry]!]!,
      to: states[this.#to[entry]!]!,
      reason,
      detail: this.#details.text(this.#detail[entry]!),
      runLength: reason === undefined ? undefined : this.#runLength[entry]!,
    };
  }

  #forget(slot: number): void {
    while ((this.#kept[slot] ?? 0) > 0) this.#dropOldest(slot);
  }

  #dropOldest(slot: number): void {
    let newer = none;
    let oldest = this.#newest[slot]!;
    for (let older = this.#older[oldest]!; older !== none; older = this.#older[oldest]!) {
      newer = oldest;
      oldest = older;
    }
    if (newer === none) this.#newest[slot] = none;
    else this.#older[newer] = none;
    this.#kept[slot]!--;
    this.#details.release(this.#detail[oldest]!);
    this.#older[oldest] = this.#free;
    this.#free = oldest;
  }

  #takeEntry(): number {
    if (this.#free !== none) {
      const entry = this.#free;
      this.#free = this.#older[entry]!;
      return entry;
    }
    if (this.#used === this.#older.length) this.#growPool(this.#used * 2);
    return this.#used++;
  }

  #reserveSlot(slot: number): void {
    if (slot < this.#newest.length) return;
    const rows = Math.max(slot + 1, this.#newest.length * 2);
    this.#newest = copied(this.#newest, new Int32Array(rows).fill(none));
    this.#kept = copied(this.#kept, new Uint8Array(rows));
  }

  #growPool(rows: number): void {
    this.#older = copied(this.#older, new Int32Array(rows));
    this.#revision = copied(this.#revision, new Float64Array(rows));
    this.#at = copied(this.#at, new Float64Array(rows));
    this.#detail = copied(this.#detail, new Uint32Array(rows));
    this.#runLength = copied(this.#runLength, new Uint32Array(rows));
    this.#from = copied(this.#from, new Uint8Array(rows));
    this.#to = copied(this.#to, new Uint8Array(rows));
    this.#reason = copied(this.#reason, new Uint8Array(rows));
  }
}
