/**
 * Probes in flight over raw sockets: who waits for which secret, since when, and after how many packets.
 * One row per slot in plain columns, so that a probe makes no object (invariant 8).
 */
import { ordinaryLatenessMs } from '../deadline.js';
import type { Done, Target } from '../probe.js';
import { PendingTable } from './pending.js';
import { secret32 } from './secrets.js';

/** An unanswered packet is sent this often in all, evenly over the timeout (docs/semantics.md item 18). */
export const packetsPerProbe = 3;

export class Flights<T extends Target> {
  readonly #pending = new PendingTable();
  readonly #targets: (T | undefined)[] = [];
  readonly #done: (Done | undefined)[] = [];
  #secrets = new Uint32Array(0);
  #startedAt = new Float64Array(0);
  #deadlines = new Float64Array(0);
  /** The deadline is never moved beyond this: one more timeout. */
  #latest = new Float64Array(0);
  /** When the next repeat is due; the deadline when there is none. */
  #due = new Float64Array(0);
  #packets = new Uint8Array(0);

  /** Begins a flight; one of the same slot must have ended before. */
  begin(target: T, now: number, deadlineMs: number, done: Done): void {
    const slot = target.slot;
    if (slot >= this.#secrets.length) this.#reserve(slot + 1);
    let secret = secret32();
    while (!this.#pending.add(secret, slot)) secret = secret32();
    this.#targets[slot] = target;
    this.#done[slot] = done;
    this.#secrets[slot] = secret;
    this.#startedAt[slot] = now;
    this.#deadlines[slot] = deadlineMs;
    this.#latest[slot] = deadlineMs + (deadlineMs - now);
    this.#due[slot] = now;
    this.#packets[slot] = 0;
  }

  /** The target whose probe carries this secret, or undefined: a late, foreign, repeated or forged reply. */
  bySecret(secret: number): T | undefined {
    const slot = this.#pending.find(secret);
    return slot === -1 ? undefined : this.#targets[slot];
  }

  has(slot: number): boolean {
    return this.#done[slot] !== undefined;
  }

  secret(slot: number): number {
    return this.#secrets[slot]!;
  }

  startedAt(slot: number): number {
    return this.#startedAt[slot]!;
  }

  deadline(slot: number): number {
    return this.#deadlines[slot]!;
  }

  /** Packets that really left. */
  packets(slot: number): number {
    return this.#packets[slot]!;
  }

  countPacket(slot: number): void {
    this.#packets[slot] = this.#packets[slot]! + 1;
  }

  /** It did not leave after all. */
  uncountPacket(slot: number): void {
    this.#packets[slot] = this.#packets[slot]! - 1;
  }

  /** Whether the timer that is due now is for a repeat. */
  awaitsRepeat(slot: number): boolean {
    return this.#due[slot]! < this.#deadlines[slot]!;
  }

  /**
   * A repeat is about to be sent, and moves the deadline by as much as it is late.
   *
   * @returns false when it is too late for that: the backend would have less than its time even with one more timeout
   */
  repeat(slot: number, now: number): boolean {
    const lateMs = now - this.#due[slot]!;
    if (lateMs <= ordinaryLatenessMs) return true;
    const latest = this.#latest[slot]!;
    this.#deadlines[slot] = Math.min(this.#deadlines[slot]! + lateMs, latest);
    this.#due[slot] = now;
    return now + this.#step(slot) <= latest;
  }

  /** Moves on to what follows the packet that was due last. @returns when that is: the next repeat, or the deadline */
  nextTimer(slot: number): number {
    const step = this.#step(slot);
    const next = this.#due[slot]! + step;
    const deadline = this.#deadlines[slot]!;
    return (this.#due[slot] = next < deadline - step / 2 ? next : deadline);
  }

  #step(slot: number): number {
    return (this.#latest[slot]! - this.#startedAt[slot]!) / (2 * packetsPerProbe);
  }

  /** Ends a flight: nothing can claim it afterwards. Returns the callback to call, undefined when there was none. */
  end(slot: number): Done | undefined {
    const done = this.#done[slot];
    if (done === undefined) return undefined;
    this.#pending.remove(this.#secrets[slot]!);
    this.#done[slot] = undefined;
    this.#targets[slot] = undefined;
    return done;
  }

  /** Makes room for slots below `slots`, without holes: an array with holes is a slow hash table. */
  #reserve(slots: number): void {
    const capacity = Math.max(slots, 64, this.#secrets.length * 2);
    while (this.#targets.length < capacity) this.#targets.push(undefined);
    while (this.#done.length < capacity) this.#done.push(undefined);
    const grow = <A extends Uint32Array | Float64Array | Uint8Array>(larger: A, from: A): A => {
      larger.set(from);
      return larger;
    };
    this.#secrets = grow(new Uint32Array(capacity), this.#secrets);
    this.#startedAt = grow(new Float64Array(capacity), this.#startedAt);
    this.#deadlines = grow(new Float64Array(capacity), this.#deadlines);
    this.#latest = grow(new Float64Array(capacity), this.#latest);
    this.#due = grow(new Float64Array(capacity), this.#due);
    this.#packets = grow(new Uint8Array(capacity), this.#packets);
  }

  /** Forgets all flights without calling anybody. */
  clear(): void {
    for (let slot = 0; slot < this.#done.length; slot++) this.end(slot);
  }
}
