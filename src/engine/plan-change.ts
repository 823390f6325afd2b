/**
 * One plan replaced by another, touching only what changed (invariant 5), in small steps: between any two of them
 * probes may start, end and be judged.
 *
 *   place            0      1      2      3
 *   old plan       [ a ]  [ b ]  [ c ]           1. who has no place in the new plan leaves: b
 *                    │             └──────┐
 *   origins          0    none   none     2      2. in the order of the new plan, who was there moves over with all
 *   new plan       [ a ]  [ x ]  [ y ]  [ c ]       that is known of it, who is new is added: a moves, x, y are added …
 *                                                3. who is routed to is decided anew where all of that changed it
 *
 * A backend rests on the old terms of its listener until it moves, and on the new ones from then on.
 */
import { isDeepStrictEqual } from 'node:util';
import { BackendColumns } from '../config/backend-columns.js';
import { noOrigin } from '../config/pack.js';
import type { CheckPlan, PackedListener } from '../config/plan.js';
import type { Clock } from '../schedule/clock.js';
import { HostSpread, onGrid, type Spread } from '../schedule/pacing.js';
import type { Counters } from '../status/counters.js';
import { noTarget, type ListenerRows } from '../messages.js';
import type { StatusTable } from '../status/table.js';
import type { Overrides } from './overrides.js';
import type { Pipeline } from './pipeline.js';
import type { PreparedCheck, PreparedPlan } from './prepare.js';
import { policyOf, thresholdsOf } from './roster.js';
import type { SavedVerdicts } from './saved-verdicts.js';
import type { UniqueTargets } from './unique-targets.js';
import type { Backend, Listener, Terms } from './records.js';
import type { Slots } from './slots.js';

/** What a change of plan works on. */
export interface PlanChangeParts {
  readonly clock: Clock;
  readonly table: StatusTable;
  readonly counters: Counters;
  readonly pipeline: Pipeline;
  readonly targets: UniqueTargets;
  readonly listeners: Map<string, Listener>;
  readonly slots: Slots;
  readonly counterRows: Slots;
  readonly spread: Spread;
  readonly saved: SavedVerdicts;
  readonly overrides: Overrides;
  /** Makes room for the timers of targets with slots below `targets`. */
  reserveTimers(targets: number): void;
}

/** What came of it. */
export interface PlanChanged {
  /** Where each listener is found from now on. */
  readonly rows: readonly ListenerRows[];
  /** Listeners that were there before and are probed in another way now. */
  readonly changedChecks: readonly string[];
}

export class PlanChange {
  readonly #parts: PlanChangeParts;
  readonly #next: PreparedPlan;
  readonly #hostSpread: HostSpread;
  readonly #freedSlots: number[] = [];
  readonly #freedCounterRows: number[] = [];
  readonly #rows: ListenerRows[] = [];
  readonly #changedChecks: string[] = [];

  constructor(parts: PlanChangeParts, next: PreparedPlan) {
    this.#parts = parts;
    this.#next = next;
    this.#hostSpread = new HostSpread(parts.spread);
  }

  /** The whole change. Each `next()` is about one backend's worth of work: some microseconds. */
  *steps(): Generator<void, PlanChanged> {
    const { plan, origins, checks } = this.#next;
    const wanted = new Set(plan.listeners.map((listener) => listener.name));
    for (const listener of [...this.#parts.listeners.values()]) if (!wanted.has(listener.name)) yield* this.#removeListener(listener);
    for (const [index, listener] of plan.listeners.entries()) {
      const places = origins[index];
      if (places !== undefined) yield* this.#applyListener(listener, places, checks.get(listener.name)!);
      this.#rows.push(this.#parts.listeners.get(listener.name)!.rows!);
    }
    // Not before: readers know the old owners until they hear of this plan.
    for (const slot of this.#freedSlots) this.#parts.slots.giveBack(slot);
    for (const row of this.#freedCounterRows) this.#parts.counterRows.giveBack(row);
    return { rows: this.#rows, changedChecks: this.#changedChecks };
  }

  *#removeListener(listener: Listener): Generator<void, void> {
    listener.inFlux = true;
    for (const backend of listener.backends) {
      this.#remove(backend);
      yield;
    }
    this.#parts.targets.release(listener.terms!.way);
    this.#parts.listeners.delete(listener.name);
    this.#freedCounterRows.push(listener.row);
  }

  *#applyListener(plan: PackedListener, origins: Int32Array, prepared: PreparedCheck): Generator<void, void> {
    const listener = this.#parts.listeners.get(plan.name) ?? this.#newListener(plan);
    const before = listener.terms;
    const terms = this.#terms(listener, plan, prepared);
    if (before !== undefined && terms.check !== before.check) this.#changedChecks.push(listener.name);
    const policyChanged = !isDeepStrictEqual(listener.policy, policyOf(plan));
    listener.policy = policyOf(plan);
    listener.inFlux = true;
    yield* this.#removeMissing(listener, origins);
    listener.backends = yield* this.#exchange(listener.backends, origins, terms);
    listener.terms = terms;
    if (before !== undefined) this.#parts.targets.release(before.way);
    listener.inFlux = false;
    if (this.#parts.pipeline.decideFailOpen(listener) || policyChanged) yield* this.#reroute(listener);
  }

  #newListener(plan: PackedListener): Listener {
    const row = this.#parts.counterRows.take();
    this.#parts.counters.reset(row);
    const listener: Listener = {
      name: plan.name,
      row,
      policy: policyOf(plan),
      backends: [],
      terms: undefined,
      rows: undefined,
      votes: { none: 0, dead: 0, alive: 0 },
      failsOpen: false,
      inFlux: true,
    };
    this.#parts.listeners.set(plan.name, listener);
    return listener;
  }

  #terms(listener: Listener, plan: PackedListener, { probe, compiled, readiness }: PreparedCheck): Terms {
    const columns = new BackendColumns(plan.backends);
    const before = listener.terms;
    if (before !== undefined && isDeepStrictEqual(before.check, plan.check)) {
      before.way.users++;
      return { ...before, columns };
    }
    const { check } = plan;
    return { listener, columns, check, thresholds: thresholdsOf(check), way: this.#parts.targets.way(check, probe), compiled, readiness };
  }

  *#removeMissing({ backends }: Listener, origins: Int32Array): Generator<void, void> {
    const stays = new Uint8Array(backends.length);
    for (let place = 0; place < origins.length; place++) if (origins[place] !== noOrigin) stays[origins[place]!] = 1;
    for (let place = 0; place < stays.length; place++) {
      if (stays[place] === 1) continue;
      this.#remove(backends[place]!);
      yield;
    }
  }

  /** Moves and adds the backends of a listener; returns them by their new place, and notes where each is found. */
  *#exchange(before: readonly Backend[], origins: Int32Array, terms: Terms): Generator<void, Backend[]> {
    const count = terms.columns.count;
    const slots = sharedInt32(count);
    const targets = sharedInt32(count);
    const after: Backend[] = [];
    for (let place = 0; place < count; place++) {
      const origin = origins[place]!;
      const backend = origin === noOrigin ? this.#add(terms, place) : this.#move(before[origin]!, terms, place);
      after.push(backend);
      slots[place] = backend.slot;
      targets[place] = backend.unique?.slot ?? noTarget;
      yield;
    }
    const { method, warning } = terms.readiness;
    const checkMethod = warning === undefined ? { method } : { method, warning };
    terms.listener.rows = { name: terms.listener.name, counterRow: terms.listener.row, checkMethod, slots, targets };
    return after;
  }

  *#reroute({ backends }: Listener): Generator<void, void> {
    for (const backend of backends) {
      this.#parts.pipeline.reroute(backend, this.#parts.clock.wallNow());
      yield;
    }
  }

  #add(terms: Terms, place: number): Backend {
    const { slots, saved, overrides, table, pipeline, clock } = this.#parts;
    const slot = slots.take();
    const known = terms.check.enabled ? saved.find(terms, place) : undefined;
    const backend: Backend = {
      slot,
      terms,
      place,
      weight: overrides.weightOf(terms, place),
      admin: overrides.of(terms, place)?.admin ?? 'none',
      unique: undefined,
      nextSharing: undefined,
      state: terms.check.enabled ? (known?.state ?? 'initial') : 'disabled',
      runOutcome: known?.run.outcome ?? 'pass',
      runLength: known?.run.length ?? 0,
      vote: 'none',
      stale: false,
    };
    const at = clock.wallNow();
    table.reset(slot, backend.state, known?.since ?? at);
    if (known !== undefined) table.restore(slot, known);
    pipeline.join(backend, at);
    this.#joinTarget(backend, undefined);
    return backend;
  }

  #move(backend: Backend, terms: Terms, place: number): Backend {
    const before = backend.terms.check;
    backend.terms = terms;
    backend.place = place;
    if (terms.check !== before) this.#changeCheck(backend, before);
    const weight = this.#parts.overrides.weightOf(terms, place);
    if (weight !== backend.weight) this.#parts.pipeline.setWeight(backend, weight, this.#parts.clock.wallNow());
    return backend;
  }

  #remove(backend: Backend): void {
    this.#parts.pipeline.leaveTarget(backend);
    this.#parts.pipeline.leave(backend, this.#parts.clock.wallNow());
    this.#freedSlots.push(backend.slot);
  }

  /** Another check: the old state is kept until the new check has spoken (docs/semantics.md item 10), its count begins anew. */
  #changeCheck(backend: Backend, before: CheckPlan): void {
    const { check } = backend.terms;
    const wasDueMs = backend.unique?.dueMs;
    this.#parts.pipeline.leaveTarget(backend);
    backend.runLength = 0;
    this.#parts.table.recordRun(backend.slot, backend.runOutcome, 0);
    if (backend.stale) this.#parts.pipeline.setStale(backend, false);
    this.#joinTarget(backend, before.intervalMs === check.intervalMs ? wasDueMs : undefined);
    if (before.enabled !== check.enabled) this.#parts.pipeline.setState(backend, check.enabled ? 'initial' : 'disabled');
  }

  /** Finds what is probed for a backend; what is new is probed within its first interval, or when it was due before. */
  #joinTarget(backend: Backend, dueMs: number | undefined): void {
    const { check } = backend.terms;
    if (!check.enabled) return;
    const { targets, pipeline, clock } = this.#parts;
    const { unique, isNew } = targets.join(backend, clock.now());
    backend.unique = unique;
    if (!isNew) return;
    this.#parts.reserveTimers(unique.slot + 1);
    const now = clock.now();
    const firstMs = dueMs ?? onGrid(now + this.#hostSpread.next(unique.address, check.intervalMs));
    pipeline.schedule(unique, firstMs, Math.max(firstMs, now));
  }
}

/** Numbers that another thread reads without a copy, written before it hears of them. */
function sharedInt32(length: number): Int32Array {
  return new Int32Array(new SharedArrayBuffer(length * Int32Array.BYTES_PER_ELEMENT));
}
