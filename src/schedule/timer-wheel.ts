/**
 * All timers of the engine: a hierarchical timing wheel (Varghese and Lauck, 1987), with one millisecond a tick.
 *
 *   level 0   64 buckets of       1 ms   the next 64 ms
 *   level 1   64 buckets of      64 ms   the next 4 s
 *   level 2   64 buckets of    4096 ms   the next 4 min
 *   level 3   64 buckets of  262144 ms   the next 4.6 h; what lies further waits in its last bucket
 *
 * A bucket is a doubly linked list through two columns indexed by timer id, so that arming, disarming and firing cost
 * a few writes and make no object. When the hand enters a bucket of a higher level, its timers move down a level.
 * Accuracy: a timer fires in the tick that follows its time, never early, at most 1 ms late by itself.
 */
const bits = 6;
const buckets = 1 << bits;
const mask = buckets - 1;
const levels = 4;
const none = -1;
/** The furthest that a timer is placed ahead; it is placed again when it comes nearer. */
const horizon = 2 ** (bits * levels) - 2 ** (bits * (levels - 1));
/** Ticks in a bucket of each level, and in all buckets of it. */
const units = Array.from({ length: levels }, (_, level) => 2 ** (bits * level));
const spans = units.map((unit) => unit * buckets);

export class TimerWheel {
  /** The tick that the hand is in; its bucket may still hold timers when a bounded `advance` stopped within it. */
  #tick: number;
  #armed = 0;
  readonly #heads = new Int32Array(buckets * levels).fill(none);
  #next: Int32Array;
  #previous: Int32Array;
  /** Bucket of each timer, none when it is not armed. */
  #bucket: Int16Array;
  #expiry: Float64Array;

  /**
   * @param nowMs where the hand starts
   * @param capacity how many timer ids (0 … capacity-1); grows by {@link reserve}
   */
  constructor(nowMs: number, capacity: number) {
    this.#tick = Math.floor(nowMs);
    this.#next = new Int32Array(capacity);
    this.#previous = new Int32Array(capacity);
    this.#bucket = new Int16Array(capacity).fill(none);
    this.#expiry = new Float64Array(capacity);
  }

  get armed(): number {
    return this.#armed;
  }

  /** Makes room for ids below `capacity`. */
  reserve(capacity: number): void {
    if (capacity <= this.#next.length) return;
    const larger = Math.max(capacity, Math.ceil(this.#next.length * 1.5));
    this.#next = copied(new Int32Array(larger), this.#next);
    this.#previous = copied(new Int32Array(larger), this.#previous);
    const known = this.#bucket.length;
    this.#bucket = copied(new Int16Array(larger), this.#bucket).fill(none, known);
    this.#expiry = copied(new Float64Array(larger), this.#expiry);
  }

  /** Arms a timer; one that is armed already is moved. A time that has passed fires in the next tick. */
  arm(id: number, atMs: number): void {
    if (this.#bucket[id] !== none) this.#unlink(id);
    else this.#armed++;
    this.#expiry[id] = Math.max(Math.ceil(atMs), this.#tick + 1);
    this.#link(id);
  }

  disarm(id: number): void {
    if (this.#bucket[id] === none) return;
    this.#unlink(id);
    this.#bucket[id] = none;
    this.#armed--;
  }

  /**
   * Fires what is due at `nowMs`, oldest tick first.
   *
   * @param fire may arm and disarm timers, this one included
   * @param limit how many timers to fire at most
   * @returns true when more are due: call again
   */
  advance(nowMs: number, fire: (id: number) => void, limit = Infinity): boolean {
    const target = Math.floor(nowMs);
    let left = limit;
    for (;;) {
      const bucket = this.#tick & mask;
      for (let id = this.#heads[bucket]!; id !== none; id = this.#heads[bucket]!) {
        if (left-- <= 0) return true;
        this.#unlink(id);
        this.#bucket[id] = none;
        this.#armed--;
        fire(id);
      }
      if (this.#tick >= target) return false;
      if (this.#armed === 0) {
        this.#tick = target;
        return false;
      }
      this.#tick++;
      if ((this.#tick & mask) === 0) this.#cascade(1);
    }
  }

  /** When the next timer may be due, in ms: exact within 64 ms, before that a time at which to look again. Infinity without timers. */
  nextDueMs(): number {
    if (this.#armed === 0) return Infinity;
    let earliest = Infinity;
    for (let level = 0; level < levels; level++) {
      const unit = units[level]!;
      const hand = Math.floor(this.#tick / unit);
      for (let ahead = level === 0 ? 0 : 1; ahead <= buckets; ahead++) {
        if (this.#heads[level * buckets + ((hand + ahead) & mask)] === none) continue;
        earliest = Math.min(earliest, (hand + ahead) * unit);
        break;
      }
    }
    return Math.max(earliest, this.#tick);
  }

  #cascade(level: number): void {
    if (level >= levels) return;
    const place = Math.floor(this.#tick / units[level]!) & mask;
    if (place === 0) this.#cascade(level + 1);
    const bucket = level * buckets + place;
    let id = this.#heads[bucket]!;
    this.#heads[bucket] = none;
    while (id !== none) {
      const following = this.#next[id]!;
      this.#link(id);
      id = following;
    }
  }

  #link(id: number): void {
    const ahead = Math.min(this.#expiry[id]! - this.#tick, horizon);
    const tick = this.#tick + ahead;
    let level = 0;
    while (level < levels - 1 && ahead >= spans[level]!) level++;
    const bucket = level * buckets + (Math.floor(tick / units[level]!) & mask);
    const head = this.#heads[bucket]!;
    this.#next[id] = head;
    this.#previous[id] = none;
    if (head !== none) this.#previous[head] = id;
    this.#heads[bucket] = id;
    this.#bucket[id] = bucket;
  }

  #unlink(id: number): void {
    const next = this.#next[id]!;
    const previous = this.#previous[id]!;
    if (previous === none) this.#heads[this.#bucket[id]!] = next;
    else this.#next[previous] = next;
    if (next !== none) this.#previous[next] = previous;
  }
}

function copied<A extends Int32Array | Int16Array | Float64Array>(larger: A, from: A): A {
  larger.set(from);
  return larger;
}
