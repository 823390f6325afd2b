/**
 * What is really probed. Where several listeners check the same address and port in the same way, the probe goes out
 * once and its result counts for each of them: operators complain of too many probes (docs/semantics.md item 23).
 *
 *   way (tcp, every 5 s) ── by address and port ──► target ──► backend of listener web
 *                                               └─► target ──► backend of listener web, backend of listener api
 */
import { isDeepStrictEqual } from 'node:util';
import type { CheckPlan } from '../config/plan.js';
import type { Probe } from '../probes/probe.js';
import type { Backend, UniqueTarget, Way } from './records.js';
import { Slots } from './slots.js';

export class UniqueTargets {
  readonly #slots = new Slots();
  readonly #bySlot: (UniqueTarget | undefined)[] = [];
  readonly #ways = new Set<Way>();

  at(slot: number): UniqueTarget | undefined {
    return this.#bySlot[slot];
  }

  /** All targets, in no order that means anything. */
  all(): UniqueTarget[] {
    return this.#bySlot.filter((target) => target !== undefined);
  }

  /** One more than the highest slot there can be after so many backends join. */
  capacityAfter(joined: number): number {
    return this.#slots.capacityAfter(joined);
  }

  /** The way of probing that a check asks for, for one more user. @param probe of the check's type */
  way(check: CheckPlan, probe: Probe): Way {
    const way = this.#known(check) ?? { check, probe, targets: new Map(), missing: undefined, missingInGeneration: -1, users: 0 };
    this.#ways.add(way);
    way.users++;
    return way;
  }

  release(way: Way): void {
    if (--way.users === 0) this.#ways.delete(way);
  }

  /**
   * Finds the target of a backend, or makes it, and takes the backend in.
   *
   * @param nowMs monotonic
   * @returns whether it is new, and so not scheduled yet
   */
  join(backend: Backend, nowMs: number): { readonly unique: UniqueTarget; readonly isNew: boolean } {
    const { way, compiled, columns } = backend.terms;
    const address = columns.address(backend.place);
    const port = columns.checkPort(backend.place);
    const key = keyOf(address, port);
    const known = way.targets.get(key);
    if (known !== undefined) {
      backend.nextSharing = known.first;
      known.first = backend;
      return { unique: known, isNew: false };
    }
    const slot = this.#slots.take();
    const family = columns.family(backend.place);
    const unique: UniqueTarget = {
      slot,
      address,
      family,
      port,
      compiled,
      way,
      first: backend,
      inFlight: false,
      dueMs: 0,
      startedMs: 0,
      conclusiveMs: nowMs,
      inconclusive: 0,
      repeats: 0,
      isRepeating: false,
      interfaceIndex: 0,
      reachedInGeneration: -1,
    };
    // Without holes: an array with holes is a slow hash table.
    while (this.#bySlot.length <= slot) this.#bySlot.push(undefined);
    this.#bySlot[slot] = unique;
    way.targets.set(key, unique);
    return { unique, isNew: true };
  }

  /**
   * Lets a backend go.
   *
   * @returns true when it was the last one: the target is no longer known, and whoever called ends its probe
   */
  leave(backend: Backend, unique: UniqueTarget): boolean {
    unlink(backend, unique);
    if (unique.first !== undefined) return false;
    unique.way.targets.delete(keyOf(unique.address, unique.port));
    this.#bySlot[unique.slot] = undefined;
    this.#slots.giveBack(unique.slot);
    return true;
  }

  #known(check: CheckPlan): Way | undefined {
    for (const way of this.#ways) if (sameWay(way.check, check)) return way;
    return undefined;
  }
}

function unlink(backend: Backend, unique: UniqueTarget): void {
  if (unique.first === backend) unique.first = backend.nextSharing;
  for (let other = unique.first; other !== undefined; other = other.nextSharing) {
    if (other.nextSharing === backend) other.nextSharing = backend.nextSharing;
  }
  backend.nextSharing = undefined;
}

/** IPv4: all 48 bits of address and port as a number, a third of what a string takes. */
function keyOf(address: string, port: number): number | string {
  if (address.includes(':')) return `${String(port)} ${address}`;
  return address.split('.').reduce((number, part) => number * 256 + Number(part), 0) * 65_536 + port;
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
