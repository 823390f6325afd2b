/**
 * The engine: a plan in force. It composes roster, loop and pipeline, and replaces one plan by another touching only
 * what changed (invariant 5).
 */
import { isDeepStrictEqual } from 'node:util';
import { BackendColumns } from '../config/backend-columns.js';
import type { BackendPlan, CheckPlan, PackedListener, PackedPlan } from '../config/plan.js';
import type { Probe, ProbeContext, Readiness } from '../probes/probe.js';
import type { Clock } from '../schedule/clock.js';
import { Spread } from '../schedule/pacing.js';
import { Counters } from '../status/counters.js';
import { noTarget, type Change, type ListenerRows } from '../status/messages.js';
import { Revisions } from '../status/revisions.js';
import type { SavedVerdict } from '../status/snapshot.js';
import { StatusTable } from '../status/table.js';
import { EngineLoop } from './loop.js';
import { Pipeline } from './pipeline.js';
import { UniqueTargets } from './unique-targets.js';
import { policyOf, Slots, thresholdsOf, type Backend, type Listener } from './roster.js';

export interface EngineDependencies {
  readonly clock: Clock;
  createProbes(context: ProbeContext): ReadonlyMap<string, Probe>;
  /** From 0 to 1: where the spread of first probes begins. */
  readonly spreadStart: number;
  /** The last revision of an earlier process, 0 where unknown. */
  readonly lastRevision: number;
  /** Verdicts of an earlier process, for backends that are judged in the same way now. */
  readonly saved: readonly SavedVerdict[];
  /** Takes the changes of a turn, oldest first. */
  onChanges(changes: readonly Change[]): void;
}

/** How a listener will be probed; made before anything is touched. */
interface Prepared {
  readonly probe: Probe;
  readonly compiled: unknown;
  readonly readiness: Readiness;
}

/** A plan that this machine can carry out. */
export interface PreparedPlan {
  readonly plan: PackedPlan;
  readonly checks: ReadonlyMap<string, Prepared>;
}

/** What a plan asks for and this machine cannot do: one sentence each, with the listener's name. */
export interface PlanRefused {
  readonly problems: readonly string[];
}

export interface Applied {
  readonly rows: readonly ListenerRows[];
  readonly changes: readonly Change[];
  /** Listeners that were there before and are probed in another way now. */
  readonly changedChecks: readonly string[];
}

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
  readonly #saved: Map<string, SavedVerdict>;
  readonly table = new StatusTable(64);
  readonly revisions: Revisions;
  #counters = Counters.allocate(8);
  #changedChecks: string[] = [];
  #freed: number[] = [];

  constructor(deps: EngineDependencies) {
    this.#deps = deps;
    this.#spread = new Spread(deps.spreadStart);
    this.#saved = new Map(deps.saved.map((verdict) => [savedKey(verdict.listener, verdict.backend), verdict]));
    this.revisions = new Revisions(deps.clock.wallNow(), deps.lastRevision);
    this.#loop = new EngineLoop(deps.clock, {
      due: (slot) => this.#pipeline.due(slot),
      probeTimer: (slot) => this.#pipeline.probeTimer(slot),
      drain: () => this.#drain(),
      turned: () => this.#handOnChanges(),
      inFlight: () => this.#pipeline.inFlight,
    });
    this.#pipeline = new Pipeline(
      {
        clock: deps.clock,
        table: this.table,
        revisions: this.revisions,
        counters: this.#counters,
        targets: this.#targets,
      },
      this.#loop,
    );
    this.#probes = deps.createProbes({
      now: () => deps.clock.now(),
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

  /** Sees whether this machine can carry out a plan; changes nothing. */
  prepare(plan: PackedPlan): PreparedPlan | PlanRefused {
    const checks = new Map<string, Prepared>();
    const problems: string[] = [];
    for (const { name, check } of plan.listeners) {
      const probe = this.#probes.get(check.type);
      if (probe === undefined) {
        problems.push(`listener ${name}: there is no check type ${check.type}`);
        continue;
      }
      const compiled = probe.compile(check);
      const readiness: Readiness = check.enabled ? probe.ready(compiled) : { method: 'none' };
      if (readiness.error !== undefined) problems.push(`listener ${name}: ${readiness.error}`);
      checks.set(name, { probe, compiled, readiness });
    }
    return problems.length > 0 ? { problems } : { plan, checks };
  }

  /** Puts a plan in force. State, counts and phase of all that did not change are kept. */
  apply({ plan, checks }: PreparedPlan): Applied {
    this.#handOnChanges();
    this.#changedChecks = [];
    const wanted = new Set(plan.listeners.map((listener) => listener.name));
    for (const listener of [...this.#listeners.values()]) if (!wanted.has(listener.name)) this.#removeListener(listener);
    const backends = plan.listeners.reduce((sum, listener) => sum + listener.backends.count, 0);
    this.#reserve(backends + this.#slots.capacity, plan.listeners.length + this.#counterRows.capacity);
    for (const listener of plan.listeners) this.#applyListener(listener, checks.get(listener.name)!);
    this.#saved.clear();
    // Not before: readers know the old owners of these slots until they hear of this plan.
    for (const slot of this.#freed.splice(0)) this.#slots.giveBack(slot);
    return { rows: this.#rows(plan), changes: this.#pipeline.takeChanges(), changedChecks: this.#changedChecks };
  }

  /** What a later process should know. */
  verdicts(): SavedVerdict[] {
    const verdicts: SavedVerdict[] = [];
    for (const listener of this.#listeners.values()) {
      for (const backend of listener.backends.values()) {
        const { state, run } = backend.verdict;
        if (state !== 'healthy' && state !== 'unhealthy') continue;
        const target = savedTarget(backend.plan, listener.check);
        const since = this.table.since(backend.slot);
        verdicts.push({ listener: listener.name, backend: backend.id, target, state, since, run: { ...run } });
      }
    }
    return verdicts;
  }

  /** Stops probing; nothing is reported afterwards. */
  stop(): void {
    this.#loop.stop();
    for (const probe of this.#probes.values()) probe.close();
  }

  #drain(): void {
    for (const probe of this.#probes.values()) probe.drain?.();
  }

  #handOnChanges(): void {
    const changes = this.#pipeline.takeChanges();
    if (changes.length > 0) this.#deps.onChanges(changes);
  }

  #reserve(slots: number, rows: number): void {
    this.table.grow(slots);
    this.#loop.reserve(slots + this.#targets.capacity);
    if (rows > this.#counters.rows) {
      this.#counters = this.#counters.grown(rows * 2);
      this.#pipeline.countInto(this.#counters);
    }
  }

  #applyListener(plan: PackedListener, prepared: Prepared): void {
    const known = this.#listeners.get(plan.name);
    const listener = known ?? this.#addListener(plan, prepared);
    if (known !== undefined && !isDeepStrictEqual(known.check, plan.check)) this.#changeCheck(known, plan.check, prepared);
    const policyChanged = !isDeepStrictEqual(listener.policy, policyOf(plan));
    listener.policy = policyOf(plan);
    const backends = unpacked(plan);
    const wanted = new Map(backends.map((backend) => [backend.id, backend]));
    for (const backend of [...listener.backends.values()]) {
      const still = wanted.get(backend.id);
      if (still === undefined || !sameTarget(still, backend.plan)) this.#removeBackend(backend);
    }
    for (const backend of backends) this.#applyBackend(listener, backend);
    if (policyChanged) this.#pipeline.rerouteAll(listener, this.#deps.clock.wallNow());
  }

  #applyBackend(listener: Listener, plan: BackendPlan): void {
    const known = listener.backends.get(plan.id);
    if (known === undefined) {
      this.#addBackend(listener, plan);
      return;
    }
    const weightChanged = known.plan.weight !== plan.weight;
    known.plan = plan;
    if (!weightChanged) return;
    const at = this.#deps.clock.wallNow();
    this.#pipeline.route(known);
    this.#pipeline.reroute(known, at);
    this.#pipeline.change(known, 'weight', at, known.verdict.state);
  }

  #addListener(plan: PackedListener, { probe, compiled, readiness }: Prepared): Listener {
    const row = this.#counterRows.take();
    this.#counters.reset(row);
    const listener: Listener = {
      name: plan.name,
      row,
      check: plan.check,
      thresholds: thresholdsOf(plan.check),
      policy: policyOf(plan),
      probe,
      compiled,
      readiness,
      backends: new Map(),
      votes: { none: 0, dead: 0, alive: 0 },
    };
    this.#listeners.set(plan.name, listener);
    return listener;
  }

  #removeListener(listener: Listener): void {
    for (const backend of [...listener.backends.values()]) this.#removeBackend(backend);
    this.#listeners.delete(listener.name);
    this.#counterRows.giveBack(listener.row);
  }

  /** Another check: the old state is kept until the new check has spoken (spec.md item 10), its count begins anew. */
  #changeCheck(listener: Listener, check: CheckPlan, { probe, compiled, readiness }: Prepared): void {
    const backends = [...listener.backends.values()];
    const wasDue = backends.map((backend) => backend.unique?.dueMs);
    for (const backend of backends) this.#pipeline.leaveTarget(backend);
    const wasEnabled = listener.check.enabled;
    const keepsPhase = listener.check.intervalMs === check.intervalMs;
    Object.assign(listener, { check, thresholds: thresholdsOf(check), probe, compiled, readiness });
    this.#changedChecks.push(listener.name);
    backends.forEach((backend, place) => {
      backend.verdict.run.length = 0;
      this.#joinTarget(backend, keepsPhase ? wasDue[place] : undefined);
      if (wasEnabled !== check.enabled) this.#pipeline.setState(backend, check.enabled ? 'initial' : 'disabled');
    });
  }

  #addBackend(listener: Listener, plan: BackendPlan): void {
    const slot = this.#slots.take();
    const saved = this.#takeSaved(listener, plan);
    const state = !listener.check.enabled ? 'disabled' : (saved?.state ?? 'initial');
    const backend: Backend = {
      slot,
      listener,
      id: plan.id,
      plan,
      unique: undefined,
      verdict: { state, run: { outcome: saved?.run.outcome ?? 'pass', length: saved?.run.length ?? 0 } },
      vote: 'none',
    };
    listener.backends.set(plan.id, backend);
    const at = this.#deps.clock.wallNow();
    this.table.reset(slot, state, saved?.since ?? at);
    if (backend.verdict.run.length > 0) this.table.recordRun(slot, backend.verdict.run.outcome, backend.verdict.run.length);
    this.#pipeline.join(backend, at);
    this.#joinTarget(backend, undefined);
  }

  #removeBackend(backend: Backend): void {
    const { slot, listener } = backend;
    this.#pipeline.leaveTarget(backend);
    listener.backends.delete(backend.id);
    this.#pipeline.leave(backend, this.#deps.clock.wallNow());
    this.#freed.push(slot);
  }

  /** Finds what is probed for a backend; what is new is probed within its first interval, or when it was due before. */
  #joinTarget(backend: Backend, dueMs: number | undefined): void {
    const { check } = backend.listener;
    if (!check.enabled) return;
    const { unique, isNew } = this.#targets.join(backend);
    backend.unique = unique;
    if (isNew) this.#pipeline.schedule(unique, dueMs ?? this.#deps.clock.now() + this.#spread.next(check.intervalMs));
  }

  #takeSaved(listener: Listener, plan: BackendPlan): SavedVerdict | undefined {
    const saved = this.#saved.get(savedKey(listener.name, plan.id));
    return saved?.target === savedTarget(plan, listener.check) ? saved : undefined;
  }

  #rows(plan: PackedPlan): ListenerRows[] {
    return plan.listeners.map((packed) => {
      const { name } = packed;
      const backends = unpacked(packed);
      const listener = this.#listeners.get(name)!;
      const { method, warning } = listener.readiness;
      return {
        name,
        counterRow: listener.row,
        checkMethod: warning === undefined ? { method } : { method, warning },
        slots: Int32Array.from(backends, (backend) => listener.backends.get(backend.id)!.slot),
        targets: Int32Array.from(backends, (backend) => listener.backends.get(backend.id)!.unique?.target.slot ?? noTarget),
      };
    });
  }
}

function unpacked({ backends }: PackedListener): BackendPlan[] {
  const columns = new BackendColumns(backends);
  return Array.from({ length: columns.count }, (_, place) => columns.plan(place));
}

function sameTarget(a: BackendPlan, b: BackendPlan): boolean {
  return a.address === b.address && a.port === b.port && a.checkPort === b.checkPort;
}

function savedKey(listener: string, backend: string): string {
  return JSON.stringify([listener, backend]);
}

/** What was judged and how, as far as a verdict depends on it. */
function savedTarget(plan: BackendPlan, check: CheckPlan): string {
  return `${check.type} ${plan.address} ${String(plan.checkPort)}`;
}
