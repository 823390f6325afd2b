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
import { reasonCode, reasons, type Reason } from '../health/reasons.js';
import { routableBecause, type RoutableBecause } from '../health/routable.js';
import { states, type State } from '../health/state.js';

/** Bytes of UTF-8 kept of a detail; longer ones are cut. */
export const detailBytes = 120;
/** Recent probes kept for each backend. */
export const historyLength = 8;

/** Rows copied in one step when the table grows: some tenths of a millisecond. */
const rowsPerStep = 500;

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
  ['historyRtt', 4 * historyLength],
  ['state', 1],
  ['routable', 1],
  ['because', 1],
  ['reason', 1],
  ['runOutcome', 1],
  ['detailLength', 1],
  ['historyReason', historyLength],
  ['detail', detailBytes],
] as const;

type Column = (typeof layout)[number][0];

const rowBytes = layout.reduce((sum, [, bytes]) => sum + bytes, 0);
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** One past probe. */
export interface ProbeRecord {
  /** Wall-clock time of its end, ms since the epoch. */
  readonly at: number;
  readonly reason: Reason;
  /** NaN where there was no answer. */
  readonly rttMs: number;
}

/** A consistent copy of one row. Times are wall-clock ms since the epoch. */
export interface BackendStatus {
  readonly state: State;
  readonly since: number;
  readonly routable: boolean;
  readonly because: RoutableBecause;
  readonly revision: number;
  /** Probes that ended since this process first saw the backend. */
  readonly probes: number;
  /** Undefined before the first probe. */
  readonly lastProbe: (ProbeRecord & { readonly detail: string }) | undefined;
  readonly run: { readonly outcome: 'pass' | 'fail'; readonly length: number } | undefined;
  readonly transitions: { readonly toHealthy: number; readonly toUnhealthy: number };
}

/**
 * A consistent copy of one row, for readers that go through all rows: they use one again and again, and no object is
 * made for a row. Fields as in {@link BackendStatus}.
 */
export class StatusRow {
  state: State = 'initial';
  since = 0;
  routable = false;
  because: RoutableBecause = 'initial';
  revision = 0;
  /** The fields of the last probe mean nothing while this is 0. */
  probes = 0;
  at = 0;
  reason: Reason = 'ok';
  rttMs = NaN;
  /** UTF-8; only the first {@link detailLength} bytes belong to it. */
  readonly detail = new Uint8Array(detailBytes);
  detailLength = 0;
  runOutcome: 'pass' | 'fail' = 'pass';
  /** 0: no run. */
  runLength = 0;
  toHealthy = 0;
  toUnhealthy = 0;
}

/** Typed views on one block of shared memory. */
class Columns {
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
  readonly historyRtt: Float32Array;
  readonly state: Uint8Array;
  readonly routable: Uint8Array;
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
    this.historyRtt = new Float32Array(memory, start.historyRtt, capacity * historyLength);
    this.state = new Uint8Array(memory, start.state, capacity);
    this.routable = new Uint8Array(memory, start.routable, capacity);
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

/** The engine's side: the only writer. */
export class StatusTable {
  #columns: Columns;
  /** The last detail written for each slot: most probes end like the one before, and then nothing is encoded. */
  readonly #details: string[] = [];

  constructor(rows: number) {
    this.#columns = Columns.allocate(rows);
  }

  /** The memory to hand to readers; another after {@link grow}. */
  get memory(): SharedArrayBuffer {
    return this.#columns.memory;
  }

  get capacity(): number {
    return this.#columns.capacity;
  }

  /**
   * Makes room for so many rows, by copying all in small steps. Rows may be written between these, but the room is
   * there only after the last one; then readers need the new {@link memory}.
   */
  *grow(rows: number): Generator<void, void> {
    const from = this.#columns;
    if (rows <= from.capacity) return;
    const larger = Columns.allocate(rows);
    for (let first = 0; first < from.capacity; first += rowsPerStep) {
      larger.take(from, first, Math.min(first + rowsPerStep, from.capacity));
      yield;
    }
    // What was written meanwhile has another version now.
    for (let slot = 0; slot < from.capacity; slot++) {
      if (from.version[slot] !== larger.version[slot]) larger.take(from, slot, slot + 1);
    }
    this.#columns = larger;
  }

  /** Empties a row for a backend that is new. */
  reset(slot: number, state: State, since: number): void {
    const c = this.#columns;
    this.#begin(slot);
    c.at[slot] = 0;
    c.since[slot] = since;
    c.revision[slot] = 0;
    c.rtt[slot] = NaN;
    c.runLength[slot] = 0;
    c.probes[slot] = 0;
    c.toHealthy[slot] = 0;
    c.toUnhealthy[slot] = 0;
    c.state[slot] = states.indexOf(state);
    c.routable[slot] = 0;
    c.because[slot] = 0;
    c.reason[slot] = 0;
    c.runOutcome[slot] = 0;
    c.detailLength[slot] = 0;
    while (this.#details.length <= slot) this.#details.push('');
    this.#details[slot] = '';
    this.#end(slot);
  }

  /** Writes how a probe ended, and the run it leads to. */
  recordProbe(
    slot: number,
    at: number,
    reason: Reason,
    rttMs: number,
    detail: string,
    runOutcome: 'pass' | 'fail',
    runLength: number,
  ): void {
    const c = this.#columns;
    const code = reasonCode[reason];
    const probes = c.probes[slot]!;
    const history = slot * historyLength + (probes % historyLength);
    this.#begin(slot);
    c.at[slot] = at;
    c.rtt[slot] = rttMs;
    c.reason[slot] = code;
    c.runOutcome[slot] = runOutcome === 'pass' ? 0 : 1;
    c.runLength[slot] = runLength;
    c.probes[slot] = probes + 1;
    c.historyAt[history] = at;
    c.historyRtt[history] = rttMs;
    c.historyReason[history] = code;
    if (this.#details[slot] !== detail) this.#writeDetail(slot, detail);
    this.#end(slot);
  }

  /** Writes a state that the verdict changed, and counts the transition. */
  recordState(slot: number, state: State, since: number): void {
    const c = this.#columns;
    this.#begin(slot);
    c.state[slot] = states.indexOf(state);
    c.since[slot] = since;
    if (state === 'healthy') c.toHealthy[slot] = c.toHealthy[slot]! + 1;
    if (state === 'unhealthy') c.toUnhealthy[slot] = c.toUnhealthy[slot]! + 1;
    this.#end(slot);
  }

  /** Writes the run that a verdict goes on from (a state restored from disk). */
  recordRun(slot: number, runOutcome: 'pass' | 'fail', runLength: number): void {
    const c = this.#columns;
    this.#begin(slot);
    c.runOutcome[slot] = runOutcome === 'pass' ? 0 : 1;
    c.runLength[slot] = runLength;
    this.#end(slot);
  }

  recordRouting(slot: number, routable: boolean, because: RoutableBecause): void {
    const c = this.#columns;
    this.#begin(slot);
    c.routable[slot] = routable ? 1 : 0;
    c.because[slot] = routableBecause.indexOf(because);
    this.#end(slot);
  }

  recordRevision(slot: number, revision: number): void {
    this.#begin(slot);
    this.#columns.revision[slot] = revision;
    this.#end(slot);
  }

  /** Since when the present state stands, wall-clock ms since the epoch. */
  since(slot: number): number {
    return this.#columns.since[slot]!;
  }

  /** What the row says of routing now, for comparison; no object is made. */
  routingIs(slot: number, routable: boolean, because: RoutableBecause): boolean {
    const c = this.#columns;
    return c.routable[slot] === (routable ? 1 : 0) && c.because[slot] === routableBecause.indexOf(because);
  }

  #writeDetail(slot: number, detail: string): void {
    const c = this.#columns;
    const start = slot * detailBytes;
    // Into a private buffer first: encodeInto refuses shared memory in some runtimes.
    const { written } = encoder.encodeInto(detail, detailScratch);
    c.detail.set(detailScratch.subarray(0, written), start);
    c.detailLength[slot] = written;
    this.#details[slot] = detail;
  }

  #begin(slot: number): void {
    Atomics.add(this.#columns.version, slot, 1);
  }

  #end(slot: number): void {
    Atomics.add(this.#columns.version, slot, 1);
  }
}

const detailScratch = new Uint8Array(detailBytes);

/** The other threads' side: reads rows, writes nothing. */
export class StatusReader {
  #columns: Columns;

  constructor(memory: SharedArrayBuffer) {
    this.#columns = new Columns(memory);
  }

  /** Follows the table to its larger memory. */
  follow(memory: SharedArrayBuffer): void {
    if (memory !== this.#columns.memory) this.#columns = new Columns(memory);
  }

  /** A consistent copy of a row, as an object. */
  read(slot: number): BackendStatus {
    const row = new StatusRow();
    this.copy(slot, row);
    const { state, since, routable, because, revision, probes, at, reason, rttMs, toHealthy, toUnhealthy } = row;
    const detail = decoder.decode(row.detail.subarray(0, row.detailLength));
    return {
      state,
      since,
      routable,
      because,
      revision,
      probes,
      lastProbe: probes === 0 ? undefined : { at, reason, rttMs, detail },
      run: row.runLength === 0 ? undefined : { outcome: row.runOutcome, length: row.runLength },
      transitions: { toHealthy, toUnhealthy },
    };
  }

  /** Makes `row` a consistent copy; reads again while the engine is writing. */
  copy(slot: number, row: StatusRow): void {
    const { version } = this.#columns;
    for (;;) {
      const before = Atomics.load(version, slot);
      this.#copy(slot, row);
      if ((before & 1) === 0 && Atomics.load(version, slot) === before) return;
    }
  }

  /** The last probes of a backend, newest first, at most {@link historyLength}. */
  history(slot: number): ProbeRecord[] {
    const { version } = this.#columns;
    for (;;) {
      const before = Atomics.load(version, slot);
      const history = this.#history(slot);
      if ((before & 1) === 0 && Atomics.load(version, slot) === before) return history;
    }
  }

  // Single fields, for readers that go through all rows (metrics, counts) and need no other field with them.
  state(slot: number): State {
    return states[this.#columns.state[slot]!]!;
  }

  routable(slot: number): boolean {
    return this.#columns.routable[slot] === 1;
  }

  because(slot: number): RoutableBecause {
    return routableBecause[this.#columns.because[slot]!]!;
  }

  probes(slot: number): number {
    return this.#columns.probes[slot]!;
  }

  /** NaN before the first answer. */
  rttMs(slot: number): number {
    return this.#columns.rtt[slot]!;
  }

  revision(slot: number): number {
    return this.#columns.revision[slot]!;
  }

  toHealthy(slot: number): number {
    return this.#columns.toHealthy[slot]!;
  }

  toUnhealthy(slot: number): number {
    return this.#columns.toUnhealthy[slot]!;
  }

  #copy(slot: number, row: StatusRow): void {
    const c = this.#columns;
    row.state = states[c.state[slot]!]!;
    row.since = c.since[slot]!;
    row.routable = c.routable[slot] === 1;
    row.because = routableBecause[c.because[slot]!]!;
    row.revision = c.revision[slot]!;
    row.probes = c.probes[slot]!;
    row.at = c.at[slot]!;
    row.reason = reasons[c.reason[slot]!]!;
    row.rttMs = c.rtt[slot]!;
    row.runOutcome = c.runOutcome[slot] === 0 ? 'pass' : 'fail';
    row.runLength = c.runLength[slot]!;
    row.toHealthy = c.toHealthy[slot]!;
    row.toUnhealthy = c.toUnhealthy[slot]!;
    row.detailLength = c.detailLength[slot]!;
    const start = slot * detailBytes;
    for (let i = 0; i < row.detailLength; i++) row.detail[i] = c.detail[start + i]!;
  }

  #history(slot: number): ProbeRecord[] {
    const c = this.#columns;
    const probes = c.probes[slot]!;
    const kept = Math.min(probes, historyLength);
    return Array.from({ length: kept }, (_, age) => {
      const place = slot * historyLength + ((probes - 1 - age) % historyLength);
      return { at: c.historyAt[place]!, reason: reasons[c.historyReason[place]!]!, rttMs: c.historyRtt[place]! };
    });
  }
}
