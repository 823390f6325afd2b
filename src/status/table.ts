/** The engine's side of the status table (columns.ts): the only writer. */
import { reasonCode, type Reason } from '../health/reasons.js';
import { routableBecause, type RoutableBecause } from '../health/routable.js';
import { states, type State } from '../health/state.js';
import { Columns, detailBytes, historyLength } from './columns.js';

/** Rows copied in one step when the table grows: some tenths of a millisecond. */
const rowsPerStep = 500;

const encoder = new TextEncoder();

/** What is taken up from an earlier process, beside the state. */
export interface EarlierRow {
  /** When the backend was last probed, wall-clock ms since the epoch. */
  readonly probedAt: number;
  readonly run: { readonly outcome: 'pass' | 'fail'; readonly length: number };
  readonly transitions: { readonly toHealthy: number; readonly toUnhealthy: number };
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
    c.weight[slot] = 0;
    c.state[slot] = states.indexOf(state);
    c.routable[slot] = 0;
    c.because[slot] = 0;
    c.stale[slot] = 0;
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

  /** Writes what an earlier process knew of a backend, beside its state (see {@link reset}). */
  restore(slot: number, { probedAt, run, transitions }: EarlierRow): void {
    const c = this.#columns;
    this.#begin(slot);
    // Shown to nobody, for this process has not probed it: only to be saved again.
    c.at[slot] = probedAt;
    c.runOutcome[slot] = run.outcome === 'pass' ? 0 : 1;
    c.runLength[slot] = run.length;
    c.toHealthy[slot] = transitions.toHealthy;
    c.toUnhealthy[slot] = transitions.toUnhealthy;
    this.#end(slot);
  }

  /** Writes the run that a verdict goes on from, where no probe led to it (another check). */
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

  /** Writes whether a verdict is stale: no probe has said anything for long. */
  recordStale(slot: number, stale: boolean): void {
    this.#begin(slot);
    this.#columns.stale[slot] = stale ? 1 : 0;
    this.#end(slot);
  }

  /** Writes the weight that is in force: the configured one, or an operator's. */
  recordWeight(slot: number, weight: number): void {
    this.#begin(slot);
    this.#columns.weight[slot] = weight;
    this.#end(slot);
  }

  recordRevision(slot: number, revision: number): void {
    this.#begin(slot);
    this.#columns.revision[slot] = revision;
    this.#end(slot);
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
