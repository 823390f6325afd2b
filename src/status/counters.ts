/**
 * Counters of probes by listener, in memory that both threads see: how probes ended, how long answers took, how late
 * probes started. Only the engine writes; a reader may see a counter one probe behind its neighbour, never a torn one.
 */
import { reasonCode, reasons, type Reason } from '../health/reasons.js';

/** Upper bounds of the round-trip histogram, seconds. */
export const rttBuckets = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] as const;
/** Upper bounds of the start-delay histogram, seconds: how late probes start. */
export const delayBuckets = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.015, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 5] as const;

/** One row: [probes by reason …][rtt buckets …, beyond the last][rtt sum in seconds]. */
const rowLength = reasons.length + rttBuckets.length + 1 + 1;
/** Ahead of the rows: [delay buckets …, beyond the last][delay sum in seconds]. */
const headLength = delayBuckets.length + 1 + 1;

/** A histogram as counted: `counts[i]` observations fell into bucket i alone (not cumulative), the last beyond all bounds. */
export interface HistogramCounts {
  readonly bounds: readonly number[];
  readonly counts: readonly number[];
  readonly sum: number;
}

/** Both sides of the counters; readers just do not call the `count…` methods. */
export class Counters {
  readonly #cells: Float64Array;

  constructor(readonly memory: SharedArrayBuffer) {
    this.#cells = new Float64Array(memory);
  }

  /** @param rows how many listeners */
  static allocate(rows: number): Counters {
    return new Counters(new SharedArrayBuffer((headLength + rowLength * Math.max(rows, 1)) * 8));
  }

  get rows(): number {
    return (this.#cells.length - headLength) / rowLength;
  }

  /** A larger copy with room for so many listeners. */
  grown(rows: number): Counters {
    const larger = Counters.allocate(rows);
    larger.#cells.set(this.#cells);
    return larger;
  }

  /** Empties the row of a listener that is new. */
  reset(row: number): void {
    this.#cells.fill(0, headLength + row * rowLength, headLength + (row + 1) * rowLength);
  }

  /** @param rttMs NaN where there was no answer; then the histogram does not count it */
  countProbe(row: number, reason: Reason, rttMs: number): void {
    const cells = this.#cells;
    const start = headLength + row * rowLength;
    const probe = start + reasonCode[reason];
    cells[probe] = cells[probe]! + 1;
    if (Number.isNaN(rttMs)) return;
    const seconds = rttMs / 1000;
    const bucket = start + reasons.length + bucketOf(rttBuckets, seconds);
    cells[bucket] = cells[bucket]! + 1;
    const sum = start + rowLength - 1;
    cells[sum] = cells[sum]! + seconds;
  }

  countStartDelay(delayMs: number): void {
    const cells = this.#cells;
    const seconds = delayMs / 1000;
    const bucket = bucketOf(delayBuckets, seconds);
    cells[bucket] = cells[bucket]! + 1;
    cells[headLength - 1] = cells[headLength - 1]! + seconds;
  }

  /** Probes of a listener that ended with this reason. */
  probes(row: number, reason: Reason): number {
    return this.#cells[headLength + row * rowLength + reasonCode[reason]]!;
  }

  rtt(row: number): HistogramCounts {
    const start = headLength + row * rowLength + reasons.length;
    return {
      bounds: rttBuckets,
      counts: [...this.#cells.subarray(start, start + rttBuckets.length + 1)],
      sum: this.#cells[start + rttBuckets.length + 1]!,
    };
  }

  startDelay(): HistogramCounts {
    return { bounds: delayBuckets, counts: [...this.#cells.subarray(0, delayBuckets.length + 1)], sum: this.#cells[headLength - 1]! };
  }
}

function bucketOf(bounds: readonly number[], value: number): number {
  let bucket = 0;
  while (bucket < bounds.length && value > bounds[bucket]!) bucket++;
  return bucket;
}
