/** The other threads' side of the status table (columns.ts): reads rows, writes nothing. */
import { reasons, type Reason } from '../health/reasons.js';
import { routableBecause, type RoutableBecause } from '../health/routable.js';
import { states, type State } from '../health/state.js';
import { Columns, detailBytes, historyLength } from './columns.js';

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
  /** No probe has said anything about it for long: the state may be out of date. */
  readonly stale: boolean;
  /** The one that is in force: the configured one, or an operator's. */
  readonly weight: number;
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
  stale = false;
  weight = 0;
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
    const { state, since, routable, because, stale, weight, revision, probes, at, reason, rttMs, toHealthy, toUnhealthy } = row;
    const detail = decoder.decode(row.detail.subarray(0, row.detailLength));
    return {
      state,
      since,
      routable,
      because,
      stale,
      weight,
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

  stale(slot: number): boolean {
    return this.#columns.stale[slot] === 1;
  }

  weight(slot: number): number {
    return this.#columns.weight[slot]!;
  }

  probes(slot: number): number {
    return this.#columns.probes[slot]!;
  }

  /** Of the last probes that ended alike; 0 before the first that counted. */
  runLength(slot: number): number {
    return this.#columns.runLength[slot]!;
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
    row.stale = c.stale[slot] === 1;
    row.weight = c.weight[slot]!;
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
