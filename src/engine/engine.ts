/**
 * The engine: a plan in force. It composes roster, loop and pipeline, and puts another plan in force in slices, between
 * which it goes on probing.
 */
import { noOrigin, type LoadedPlan } from '../config/pack.js';
import type { LocalNetwork } from '../network/local-network.js';
import { IcmpErrors } from '../probes/icmp-errors.js';
import type { Probe, ProbeContext } from '../probes/probe.js';
import type { Cancel, Clock } from '../schedule/clock.js';
import { Spread } from '../schedule/pacing.js';
import { Counters } from '../status/counters.js';
import type { Change, ListenerRows, Override } from '../messages.js';
import { Revisions } from '../status/revisions.js';
import type { SavedVerdict } from '../persistence/snapshot.js';
import { StatusTable } from '../status/table.js';
import { EngineLoop } from './loop.js';
import { findBackend, Overrides } from './overrides.js';
import { OwnNetwork } from './own-network.js';
import { Pipeline } from './pipeline.js';
import { PlanChange } from './plan-change.js';
import { preparePlan, type PlanRefused, type PreparedPlan } from './prepare.js';
import { SavedVerdicts } from './saved-verdicts.js';
import { UniqueTargets } from './unique-targets.js';
import type { Backend, Listener } from './records.js';
import { Slots } from './slots.js';

export interface EngineDependencies {
  readonly clock: Clock;
  /** The engine closes it. */
  readonly network: LocalNetwork;
  createProbes(context: ProbeContext): ReadonlyMap<string, Probe>;
  /** From 0 to 1: where the spread of first probes begins. */
  readonly spreadStart: number;
  /** The last revision of an earlier process, 0 where unknown. */
  readonly lastRevision: number;
  /** Takes changes, oldest first. */
  onChanges(changes: readonly Change[]): void;
}

/** How long the engine may be at putting a plan in force before it looks after its probes. */
export interface Slices {
  readonly sliceMs: number;
  /** Lets the event loop go on. */
  pause(): Promise<void>;
}

export interface Applied {
  readonly rows: readonly ListenerRows[];
  /** The first changes that came with it; the others are handed on after them. None where this was the first plan. */
  readonly changes: readonly Change[];
  /** Listeners that were there before and are probed in another way now. */
  readonly changedChecks: readonly string[];
}

/** Changes handed on at once: to send more to another thread takes longer than a probe may be late. */
const mostChangesAtOnce = 500;
/** Room that is made beyond what is needed, so that a reload which changes little need not make more. */
const headroom = 1.125;

export class Engine {
  readonly #deps: EngineDependencies;
  readonly #probes: ReadonlyMap<string, Probe>;
  readonly #loop: EngineLoop;
  readonly #pipeline: Pipeline;
  readonly #spread: Spread;
  readonly #slots = new Slots();
  readonly #counterRows = new Slots();
  readonly #listeners = new Map<string, Listener>();
  readonly #targets = new UniqueTargets();
  readonly #overrides = new Overrides();
  readonly table = new StatusTable(64);
  readonly revisions: Revisions;
  #counters = Counters.allocate(8);
  /** Targets that the loop has room for. */
  #timerRoom = 0;
  /** A plan is being put in force: changes wait for it, for readers learn of new slots with the plan. */
  #changing = false;
  #handingOn: Cancel | undefined;

  constructor(deps: EngineDependencies) {
    this.#deps = deps;
    this.#spread = new Spread(deps.spreadStart);
    this.revisions = new Revisions(deps.clock.wallNow(), deps.lastRevision);
    this.#loop = new EngineLoop(deps.clock, {
      due: (slot) => this.#pipeline.due(slot),
      probeTimer: (slot, readToMs) => this.#pipeline.probeTimer(slot, readToMs),
      drain: () => this.#drain(),
      turned: () => this.#handOnChanges(),
      inFlight: () => this.#pipeline.inFlight,
    });
    const icmp = new IcmpErrors(
      () => deps.clock.now(),
      (key) => deps.network.isOwn(key),
    );
    this.#pipeline = new Pipeline(
      {
        clock: deps.clock,
        table: this.table,
        revisions: this.revisions,
        counters: this.#counters,
        targets: this.#targets,
        network: new OwnNetwork(deps.network, this.#targets, () => deps.clock.now()),
        icmp,
      },
      this.#loop,
    );
    this.#probes = deps.createProbes({
      now: () => deps.clock.now(),
      network: deps.network,
      icmp,
      heldUpMs: (sinceMs) => this.#loop.heldUpMs(sinceMs),
      arm: (slot, atMs) => this.#loop.armProbe(slot, atMs),
      disarm: (slot) => this.#loop.disarmProbe(slot),
    });
  }

  get counters(): Counters {
    return this.#counters;
  }

  /** Probes in flight now. */
  get inFlight(): number {
    return this.#pipeline.inFlight;
  }

  /** The revision up to which all changes were handed on. */
  get handedOnRevision(): number {
    const waiting = this.#pipeline.nextChange;
    return waiting === undefined ? this.revisions.last : waiting.revision - 1;
  }

  /** Sees whether this machine can carry out a plan; changes nothing. */
  prepare(loaded: LoadedPlan): PreparedPlan | PlanRefused {
    return preparePlan(loaded, this.#probes);
  }

  /**
   * Puts a plan in force. State, counts and phase of all that did not change are kept.
   *
   * @param prepared its origins are places in the plan in force
   * @param saved verdicts of an earlier process, for backends that are judged in the same way now
   */
  apply(prepared: PreparedPlan, saved: readonly SavedVerdict[] = []): Applied {
    const steps = this.#steps(prepared, saved);
    for (;;) {
      const step = steps.next();
      if (step.done === true) return step.value;
    }
  }

  /**
   * As {@link apply}, in slices: probes start, end and are judged between them. Changes wait until all is done.
   *
   * @throws Error while another plan is being put in force: its places are not yet those that `prepared` speaks of
   */
  async applyInSlices(prepared: PreparedPlan, slices: Slices, saved: readonly SavedVerdict[] = []): Promise<Applied> {
    const { clock } = this.#deps;
    const steps = this.#steps(prepared, saved);
    for (let pauseAt = clock.now() + slices.sliceMs; ;) {
      const step = steps.next();
      if (step.done === true) return step.value;
      if (clock.now() < pauseAt) continue;
      await slices.pause();
      pauseAt = clock.now() + slices.sliceMs;
    }
  }

  /** A plan is being put in force; commands wait until it is. */
  get isChanging(): boolean {
    return this.#changing;
  }

  /** What operators said; see {@link override}. */
  get overrides(): Override[] {
    return this.#overrides.all();
  }

  /**
   * Follows operators: their word wins over checks and configuration, for backends that come later too.
   *
   * @throws Error while a plan is being put in force
   */
  override(overrides: readonly Override[]): void {
    if (this.#changing) throw new Error('a plan is being put in force');
    for (const override of overrides) {
      this.#overrides.set(override);
      const backend = this.#find(override.listener, override.backend);
      if (backend === undefined) continue;
      const { admin, weight = backend.terms.columns.weight(backend.place) } = override;
      const at = this.#deps.clock.wallNow();
      if (admin !== backend.admin) this.#pipeline.setAdmin(backend, admin, at);
      if (weight !== backend.weight) this.#pipeline.setWeight(backend, weight, at);
    }
    if (this.#pipeline.nextChange !== undefined) this.#handOnChanges();
  }

  /** Probes a backend now instead of when it is due. Backends that share its probes are judged by it, too. */
  probeNow(listener: string, id: string): 'due' | 'not_found' | 'check_disabled' {
    const backend = this.#find(listener, id);
    if (backend === undefined) return 'not_found';
    if (backend.unique === undefined) return 'check_disabled';
    this.#pipeline.probeSoon(backend.unique);
    return 'due';
  }

  #find(listener: string, id: string): Backend | undefined {
    const found = this.#listeners.get(listener);
    return found && findBackend(found, id);
  }

  /** Stops probing; nothing is reported afterwards. */
  stop(): void {
    this.#loop.stop();
    this.#pipeline.stop();
    this.#handingOn?.();
    for (const probe of this.#probes.values()) probe.close();
    this.#deps.network.close();
  }

  #drain(): number {
    let readToMs = Infinity;
    for (const probe of this.#probes.values()) readToMs = Math.min(readToMs, probe.drain?.() ?? Infinity);
    return readToMs;
  }

  #handOnChanges(): void {
    if (this.#changing) return;
    const changes = this.#pipeline.takeChanges(mostChangesAtOnce);
    if (changes.length > 0) this.#deps.onChanges(changes);
    this.#handOnRest();
  }

  /** A turn of the loop may be far. */
  #handOnRest(): void {
    if (this.#pipeline.nextChange === undefined || this.#handingOn !== undefined) return;
    this.#handingOn = this.#deps.clock.after(1, () => {
      this.#handingOn = undefined;
      this.#handOnChanges();
    });
  }

  /** All that it takes to put a plan in force, in steps of some microseconds. */
  *#steps(prepared: PreparedPlan, saved: readonly SavedVerdict[]): Generator<void, Applied> {
    if (this.#changing) throw new Error('another plan is being put in force');
    this.#changing = true;
    try {
      yield* this.#reserve(prepared);
      const { rows, changedChecks } = yield* this.#planChange(prepared, saved).steps();
      this.#pipeline.announce();
      return { rows, changes: this.#pipeline.takeChanges(mostChangesAtOnce), changedChecks };
    } finally {
      // Whatever happened: changes that nobody hears of would be verdicts that nobody follows.
      this.#changing = false;
      this.#handOnRest();
    }
  }

  #planChange(prepared: PreparedPlan, saved: readonly SavedVerdict[]): PlanChange {
    return new PlanChange(
      {
        clock: this.#deps.clock,
        table: this.table,
        counters: this.#counters,
        pipeline: this.#pipeline,
        targets: this.#targets,
        listeners: this.#listeners,
        slots: this.#slots,
        counterRows: this.#counterRows,
        spread: this.#spread,
        saved: new SavedVerdicts(saved),
        overrides: this.#overrides,
        reserveTimers: (targets) => this.#reserveTimers(targets),
      },
      prepared,
    );
  }

  /** Makes room for all that a plan adds before it gives anything back. */
  *#reserve({ plan, origins }: PreparedPlan): Generator<void, void> {
    const added = origins.reduce((sum, places) => sum + (places === undefined ? 0 : countOf(places, noOrigin)), 0);
    const slots = this.#slots.capacityAfter(added);
    if (slots > this.table.capacity) yield* this.table.grow(Math.ceil(slots * headroom));
    this.#reserveTimers(this.#targets.capacityAfter(added));
    const newListeners = plan.listeners.filter(({ name }) => !this.#listeners.has(name)).length;
    const rows = this.#counterRows.capacityAfter(newListeners);
    if (rows <= this.#counters.rows) return;
    this.#counters = this.#counters.grown(Math.ceil(rows * headroom));
    this.#pipeline.countInto(this.#counters);
  }

  #reserveTimers(targets: number): void {
    if (targets <= this.#timerRoom) return;
    this.#timerRoom = Math.ceil(targets * headroom);
    this.#loop.reserve(this.#timerRoom);
  }
}

function countOf(numbers: Int32Array, wanted: number): number {
  let count = 0;
  for (let i = 0; i < numbers.length; i++) if (numbers[i] === wanted) count++;
  return count;
}
