/**
 * What the routes and metrics ask: the plan in force, and where each of its backends stands in the shared memory.
 * A model never changes; a new plan makes a new one, which replaces the old at once.
 */
import { BackendColumns } from '../config/backend-columns.js';
import type { BackendPlan, ListenerSettings, PackedPlan } from '../config/plan.js';
import type { State } from '../health/state.js';
import { Counters } from '../status/counters.js';
import { noTarget, type CheckMethod, type PlanMessage } from '../status/messages.js';
import { StatusReader } from '../status/table.js';

export interface BackendView {
  readonly checker: string;
  readonly listener: string;
  /** Its row in the status table. */
  readonly slot: number;
  /** What is probed for it: backends with the same number share their probes. */
  readonly target: number;
  readonly plan: BackendPlan;
}

export interface ListenerView {
  readonly plan: ListenerSettings;
  readonly counterRow: number;
  readonly checkMethod: CheckMethod;
  /** When its verdicts will rest on a changed check (spec.md item 10), wall-clock ms; undefined: they do. */
  readonly settlesAt: number | undefined;
  /** In the order of the plan. */
  readonly backends: readonly BackendView[];
}

export interface ListenerCounts {
  readonly states: Readonly<Record<State, number>>;
  readonly routable: number;
  readonly total: number;
}

export class Model {
  readonly plan: PackedPlan;
  readonly listeners: readonly ListenerView[];
  readonly status: StatusReader;
  readonly counters: Counters;
  readonly #listenersByName: ReadonlyMap<string, ListenerView>;
  readonly #backendsById: ReadonlyMap<string, ReadonlyMap<string, BackendView>>;
  /** Made when first asked for. */
  #byTarget: Map<number, BackendView[]> | undefined;
  /** Slots of enabled backends that were not yet probed when last looked at; it only shrinks. */
  #unprobed: number[];

  /** @param previous the model that this one replaces: listeners that are still settling go on doing so */
  constructor(message: PlanMessage, previous?: Model) {
    this.plan = message.plan;
    this.status = new StatusReader(message.table);
    this.counters = new Counters(message.counters);
    this.listeners = message.plan.listeners.map((plan, place) => {
      const rows = message.rows[place]!;
      const columns = new BackendColumns(plan.backends);
      return {
        plan,
        counterRow: rows.counterRow,
        checkMethod: rows.checkMethod,
        settlesAt: message.settlesAt.find(({ listener }) => listener === plan.name)?.at ?? previous?.listener(plan.name)?.settlesAt,
        backends: Array.from({ length: columns.count }, (_, index) => ({
          checker: message.plan.checker,
          listener: plan.name,
          slot: rows.slots[index]!,
          target: rows.targets[index]!,
          plan: columns.plan(index),
        })),
      };
    });
    this.#listenersByName = new Map(this.listeners.map((listener) => [listener.plan.name, listener]));
    this.#backendsById = new Map(
      this.listeners.map(({ plan, backends }) => [plan.name, new Map(backends.map((backend) => [backend.plan.id, backend]))]),
    );
    this.#unprobed = this.listeners.filter(({ plan }) => plan.check.enabled).flatMap(({ backends }) => backends.map(({ slot }) => slot));
  }

  /** The other backends whose verdicts rest on the same probes: the same address and port, checked in the same way. */
  sharingProbes(backend: BackendView): BackendView[] {
    this.#byTarget ??= groupByTarget(this.listeners.flatMap(({ backends }) => backends));
    if (backend.target === noTarget) return [];
    return this.#byTarget.get(backend.target)!.filter((other) => other !== backend);
  }

  listener(name: string): ListenerView | undefined {
    return this.#listenersByName.get(name);
  }

  backend(listener: string, id: string): BackendView | undefined {
    return this.#backendsById.get(listener)?.get(id);
  }

  /** Backends of all listeners, disabled ones too. */
  get backendCount(): number {
    return this.listeners.reduce((sum, { backends }) => sum + backends.length, 0);
  }

  /** How many enabled backends this process has not probed yet. Costs nothing once all were. */
  unprobedCount(): number {
    if (this.#unprobed.length > 0) this.#unprobed = this.#unprobed.filter((slot) => this.status.probes(slot) === 0);
    return this.#unprobed.length;
  }

  /** Counts the states of a listener's backends now. */
  counts(listener: ListenerView): ListenerCounts {
    const states = { initial: 0, healthy: 0, unhealthy: 0, disabled: 0 };
    let routable = 0;
    for (const { slot } of listener.backends) {
      states[this.status.state(slot)]++;
      if (this.status.routable(slot)) routable++;
    }
    return { states, routable, total: listener.backends.length };
  }
}

function groupByTarget(backends: readonly BackendView[]): Map<number, BackendView[]> {
  const groups = new Map<number, BackendView[]>();
  for (const backend of backends) {
    const group = groups.get(backend.target);
    if (group === undefined) groups.set(backend.target, [backend]);
    else group.push(backend);
  }
  return groups;
}
