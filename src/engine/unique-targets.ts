/**
 * What is really probed. Where several listeners check the same address and port in the same way, the probe goes out
 * once and its result counts for each of them: operators complain of too many probes (S2, “too frequent health check”).
 */
import { isDeepStrictEqual } from 'node:util';
import type { CheckPlan } from '../config/plan.js';
import type { Probe, Target } from '../probes/probe.js';
import { Slots, type Backend } from './roster.js';

/** One address and port, probed in one way, for one backend or more. */
export interface UniqueTarget {
  /** Where it goes; `target.slot` is the place in {@link UniqueTargets}, not the status table's. */
  readonly target: Target;
  readonly probe: Probe;
  /** The way of probing; of several listeners' checks, which agree in it, the first one's. */
  readonly check: CheckPlan;
  /** Whose verdicts rest on it; never empty. */
  readonly backends: Backend[];
  /** Number of the way of probing, and what {@link UniqueTargets} finds it by. */
  readonly way: number;
  readonly key: string;
  inFlight: boolean;
  /** When the next probe is due; monotonic ms. */
  dueMs: number;
  /** What the self-watch had counted when the present probe started. */
  heldUpAtStartMs: number;
}

export class UniqueTargets {
  readonly #slots = new Slots();
  readonly #bySlot: (UniqueTarget | undefined)[] = [];
  readonly #byKey = new Map<string, UniqueTarget>();
  /** Ways of probing that occur, with a number each and how many targets are probed so. */
  readonly #ways = new Map<number, { readonly check: CheckPlan; targets: number }>();
  /** The way of a check, once found: comparing numbers is cheaper than comparing checks. */
  readonly #wayOf = new WeakMap<CheckPlan, number>();
  #lastWay = 0;

  at(slot: number): UniqueTarget | undefined {
    return this.#bySlot[slot];
  }

  /** One more than the highest slot in use so far. */
  get capacity(): number {
    return this.#slots.capacity;
  }

  /**
   * Finds the target of a backend, or makes it, and takes the backend in.
   *
   * @returns whether it is new, and so not scheduled yet
   */
  join(backend: Backend): { readonly unique: UniqueTarget; readonly isNew: boolean } {
    const { check, probe, compiled } = backend.listener;
    const { address, family, checkPort } = backend.plan;
    const way = this.#way(check);
    const key = `${String(way)} ${String(checkPort)} ${address}`;
    const known = this.#byKey.get(key);
    if (known !== undefined) {
      known.backends.push(backend);
      return { unique: known, isNew: false };
    }
    const slot = this.#slots.take();
    const target: Target = { slot, address, family, port: checkPort, compiled };
    const unique: UniqueTarget = {
      target,
      probe,
      check,
      backends: [backend],
      way,
      key,
      inFlight: false,
      dueMs: 0,
      heldUpAtStartMs: 0,
    };
    while (this.#bySlot.length <= slot) this.#bySlot.push(undefined);
    this.#bySlot[slot] = unique;
    this.#byKey.set(key, unique);
    this.#ways.get(way)!.targets++;
    return { unique, isNew: true };
  }

  /**
   * Lets a backend go.
   *
   * @returns true when it was the last one: the target is no longer known, and whoever called ends its probe
   */
  leave(backend: Backend, unique: UniqueTarget): boolean {
    unique.backends.splice(unique.backends.indexOf(backend), 1);
    if (unique.backends.length > 0) return false;
    this.#byKey.delete(unique.key);
    const way = this.#ways.get(unique.way)!;
    if (--way.targets === 0) this.#ways.delete(unique.way);
    this.#bySlot[unique.target.slot] = undefined;
    this.#slots.giveBack(unique.target.slot);
    return true;
  }

  #way(check: CheckPlan): number {
    const known = this.#wayOf.get(check);
    if (known !== undefined && this.#ways.has(known)) return known;
    let way: number | undefined;
    for (const [number, other] of this.#ways) if (sameWay(other.check, check)) way = number;
    if (way === undefined) {
      way = ++this.#lastWay;
      this.#ways.set(way, { check, targets: 0 });
    }
    this.#wayOf.set(check, way);
    return way;
  }
}

/** Everything that decides what is sent, and when; thresholds are each listener's own. */
function sameWay(a: CheckPlan, b: CheckPlan): boolean {
  return (
    a.type === b.type &&
    a.intervalMs === b.intervalMs &&
    a.timeoutMs === b.timeoutMs &&
    a.pace === b.pace &&
    a.source === b.source &&
    a.interface === b.interface &&
    isDeepStrictEqual(a.options, b.options)
  );
}
