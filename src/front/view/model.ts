/**
 * What the routes and metrics ask: the plan in force, and where each of its backends stands in the shared memory.
 * A model never changes; a new plan makes a new one, which replaces the old at once.
 *
 * Nothing is kept for a backend but numbers: 100,000 of them are a few typed arrays. A backend is named by its listener
 * and its place there, or by its slot (its row in the status table):
 *
 *   listener.slots    place → slot          listener.backends   place → id, address, port, weight
 *   #listenerOfSlot   slot → listener       #placeOfSlot        slot → place
 */
import { BackendColumns } from '../../config/backend-columns.js';
import type { ListenerSettings, PackedPlan } from '../../config/plan.js';
import type { State } from '../../health/state.js';
import { Counters } from '../../status/counters.js';
import type { Instant } from '../../instant.js';
import { noTarget, type CheckMethod, type ListenerRows, type PlanMessage } from '../../messages.js';
import { StatusReader } from '../../status/reader.js';

export interface ListenerView {
  readonly plan: ListenerSettings;
  readonly counterRow: number;
  readonly checkMethod: CheckMethod;
  /** When its verdicts will rest on a changed check (docs/semantics.md item 10); undefined: they do. */
  readonly settlesAt: Instant | undefined;
  /** In the order of the plan. */
  readonly backends: BackendColumns;
  /** The row of each in the status table. */
  readonly slots: Int32Array;
  /** What is probed for each: backends with the same number share their probes. */
  readonly targets: Int32Array;
}

/** One backend. Made when it is asked for, and not kept. */
export interface BackendView {
  readonly listener: ListenerView;
  readonly place: number;
}

export function idOf({ listener, place }: BackendView): string {
  return listener.backends.id(place);
}

export function slotOf({ listener, place }: BackendView): number {
  return listener.slots[place]!;
}

export interface ListenerCounts {
  readonly states: Readonly<Record<State, number>>;
  readonly routable: number;
  readonly stale: number;
  readonly total: number;
}

/** In a table from slots: nobody has this one. */
const none = -1;

export class Model {
  readonly plan: PackedPlan;
  readonly listeners: readonly ListenerView[];
  readonly status: StatusReader;
  readonly counters: Counters;
  readonly #listenersByName: ReadonlyMap<string, ListenerView>;
  readonly #listenerOfSlot: Int32Array;
  readonly #placeOfSlot: Int32Array;
  /** Set when something was known of every enabled backend: that stays so. */
  #allKnown = false;

  /** @param previous the model that this one replaces: listeners that are still settling go on doing so */
  constructor(message: PlanMessage, previous?: Model) {
    this.plan = message.plan;
    this.status = new StatusReader(message.table);
    this.counters = new Counters(message.counters);
    this.listeners = message.plan.listeners.map((plan, index) => {
      const { counterRow, checkMethod, slots, targets } = message.rows[index]!;
      const settlesAt = message.settlesAt.find(({ listener }) => listener === plan.name)?.at ?? previous?.listener(plan.name)?.settlesAt;
      return { plan, counterRow, checkMethod, settlesAt, backends: new BackendColumns(plan.backends), slots, targets };
    });
    this.#listenersByName = new Map(this.listeners.map((listener) => [listener.plan.name, listener]));
    const slots = slotCount(message.rows);
    this.#listenerOfSlot = new Int32Array(slots).fill(none);
    this.#placeOfSlot = new Int32Array(slots);
    this.listeners.forEach(({ slots }, index) => {
      slots.forEach((slot, place) => {
        this.#listenerOfSlot[slot] = index;
        this.#placeOfSlot[slot] = place;
      });
    });
  }

  listener(name: string): ListenerView | undefined {
    return this.#listenersByName.get(name);
  }

  backend(listenerName: string, id: string): BackendView | undefined {
    const listener = this.#listenersByName.get(listenerName);
    const place = listener?.backends.find(id) ?? none;
    return listener === undefined || place === none ? undefined : { listener, place };
  }

  /** The backend whose row this is. */
  backendAt(slot: number): BackendView | undefined {
    const listener = this.listeners[this.#listenerOfSlot[slot] ?? none];
    return listener && { listener, place: this.#placeOfSlot[slot]! };
  }

  /** The other backends whose verdicts rest on the same probes: the same address and port, checked in the same way. */
  sharingProbes({ listener: own, place: ownPlace }: BackendView): BackendView[] {
    const target = own.targets[ownPlace]!;
    if (target === noTarget) return [];
    return this.listeners.flatMap((listener) =>
      placesOf(target, listener.targets)
        .filter((place) => listener !== own || place !== ownPlace)
        .map((place) => ({ listener, place })),
    );
  }

  /** Backends of all listeners, disabled ones too. */
  get backendCount(): number {
    return this.listeners.reduce((sum, { slots }) => sum + slots.length, 0);
  }

  /**
   * How many enabled backends nothing is known of: neither did this process probe them, nor was a verdict of an earlier
   * one taken up. Costs nothing once there is none.
   */
  unknownCount(): number {
    if (this.#allKnown) return 0;
    let unknown = 0;
    for (const { plan, slots } of this.listeners) {
      if (plan.check.enabled) for (const slot of slots) if (this.#isUnknown(slot)) unknown++;
    }
    this.#allKnown = unknown === 0;
    return unknown;
  }

  #isUnknown(slot: number): boolean {
    return this.status.probes(slot) === 0 && this.status.state(slot) === 'initial';
  }

  /** Counts the states of a listener's backends now. */
  counts({ slots }: ListenerView): ListenerCounts {
    const states = { initial: 0, healthy: 0, unhealthy: 0, disabled: 0 };
    let routable = 0;
    let stale = 0;
    for (const slot of slots) {
      states[this.status.state(slot)]++;
      if (this.status.routable(slot)) routable++;
      if (this.status.stale(slot)) stale++;
    }
    return { states, routable, stale, total: slots.length };
  }
}

/** One more than the highest slot. */
function slotCount(rows: readonly ListenerRows[]): number {
  return rows.reduce((most, { slots }) => slots.reduce((highest, slot) => Math.max(highest, slot + 1), most), 0);
}

function placesOf(target: number, targets: Int32Array): number[] {
  const places: number[] = [];
  for (let place = targets.indexOf(target); place !== -1; place = targets.indexOf(target, place + 1)) places.push(place);
  return places;
}
