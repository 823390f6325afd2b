/**
 * The status table: what is known of every backend, in memory that both threads see.
 *
 *   slot        0        1        2      …   capacity-1
 *   state     [ u8  ]  [ u8  ]  [ u8  ]            one column per field, one row (slot) per backend
 *   rtt       [ f32 ]  [ f32 ]  [ f32 ]
 *   detail    [120 B]  [120 B]  [120 B]
 *   …
 *
 * The engine alone writes. Each row has a version that is odd while it is being written (a seqlock), so that a reader
 * in the other thread never sees half a result and never makes the writer wait.
 */

/** Bytes of UTF-8 kept of a detail; longer ones are cut. */
export const detailBytes = 120;
/** Recent probes kept for each backend. */
export const historyLength = 8;

/** Columns in the order of their alignment: [name, bytes per row]. */
const layout = [
  ['at', 8],
  ['since', 8],
  ['revision', 8],
  ['historyAt', 8 * historyLength],
  ['version', 4],
  ['rtt', 4],
  ['runLength', 4],
  ['probes', 4],
  ['toHealthy', 4],
  ['toUnhealthy', 4],
  ['weight', 4],
  ['historyRtt', 4 * historyLength],
  ['state', 1],
  ['routable', 1],
  ['stale', 1],
  ['because', 1],
  ['reason', 1],
  ['runOutcome', 1],
  ['detailLength', 1],
  ['historyReason', historyLength],
  ['detail', detailBytes],
] as const;

type Column = (typeof layout)[number][0];

const rowBytes = layout.reduce((sum, [, bytes]) => sum + bytes, 0);

/** Typed views on one block of shared memory. */
export class Columns {
  readonly capacity: number;
  readonly at: Float64Array;
  readonly since: Float64Array;
  readonly revision: Float64Array;
  readonly historyAt: Float64Array;
  readonly version: Int32Array;
  readonly rtt: Float32Array;
  readonly runLength: Uint32Array;
  readonly probes: Uint32Array;
  readonly toHealthy: Uint32Array;
  readonly toUnhealthy: Uint32Array;
  readonly weight: Uint32Array;
  readonly historyRtt: Float32Array;
  readonly state: Uint8Array;
  readonly routable: Uint8Array;
  readonly stale: Uint8Array;
  readonly because: Uint8Array;
  readonly reason: Uint8Array;
  readonly runOutcome: Uint8Array;
  readonly detailLength: Uint8Array;
  readonly historyReason: Uint8Array;
  readonly detail: Uint8Array;

  constructor(readonly memory: SharedArrayBuffer) {
    const capacity = Math.floor(memory.byteLength / rowBytes / 8) * 8;
    this.capacity = capacity;
    const start = {} as Record<Column, number>;
    let offset = 0;
    for (const [name, bytes] of layout) {
      start[name] = offset;
      offset += bytes * capacity;
    }
    this.at = new Float64Array(memory, start.at, capacity);
    this.since = new Float64Array(memory, start.since, capacity);
    this.revision = new Float64Array(memory, start.revision, capacity);
    this.historyAt = new Float64Array(memory, start.historyAt, capacity * historyLength);
    this.version = new Int32Array(memory, start.version, capacity);
    this.rtt = new Float32Array(memory, start.rtt, capacity);
    this.runLength = new Uint32Array(memory, start.runLength, capacity);
    this.probes = new Uint32Array(memory, start.probes, capacity);
    this.toHealthy = new Uint32Array(memory, start.toHealthy, capacity);
    this.toUnhealthy = new Uint32Array(memory, start.toUnhealthy, capacity);
    this.weight = new Uint32Array(memory, start.weight, capacity);
    this.historyRtt = new Float32Array(memory, start.historyRtt, capacity * historyLength);
    this.state = new Uint8Array(memory, start.state, capacity);
    this.routable = new Uint8Array(memory, start.routable, capacity);
    this.stale = new Uint8Array(memory, start.stale, capacity);
    this.because = new Uint8Array(memory, start.because, capacity);
    this.reason = new Uint8Array(memory, start.reason, capacity);
    this.runOutcome = new Uint8Array(memory, start.runOutcome, capacity);
    this.detailLength = new Uint8Array(memory, start.detailLength, capacity);
    this.historyReason = new Uint8Array(memory, start.historyReason, capacity * historyLength);
    this.detail = new Uint8Array(memory, start.detail, capacity * detailBytes);
  }

  static allocate(rows: number): Columns {
    const capacity = Math.max(8, Math.ceil(rows / 8) * 8);
    return new Columns(new SharedArrayBuffer(capacity * rowBytes));
  }

  /** Copies rows of a smaller block into this one. */
  take(from: Columns, first: number, end: number): void {
    for (const [name] of layout) {
      const perRow = from[name].length / from.capacity;
      this[name].set(from[name].subarray(first * perRow, end * perRow), first * perRow);
    }
  }
}
