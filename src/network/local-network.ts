/**
 * The network of this machine as it is now: which addresses and interfaces it has, whether these work, and which way
 * packets take. So that what the checker loses is never held against a backend (invariant 1).
 */
import type { Family } from '../probes/target.js';

/** What probes are bound to. */
export interface Binding {
  /** Address that they leave from. */
  readonly source: string | undefined;
  /** Interface that they leave through. */
  readonly interface: string | undefined;
}

export interface Route {
  readonly interfaceIndex: number;
  /** The destination is an address of this machine. */
  readonly isLocal: boolean;
}

/** Where a packet goes first, and whether that place is known to be there. */
export interface NextHop {
  /** The destination is an address of this machine. */
  readonly isLocal: boolean;
  /** The router that the packet is handed to, as `addressKey` spells it; undefined: the destination itself. */
  readonly router: string | undefined;
  /**
   * The entry of the router, or of the destination itself, in the neighbor table (ARP, or neighbor discovery).
   * `incomplete`: it was asked for its link-layer address and has not answered yet. `failed`: it did not answer.
   * `other`: anything else, including no entry.
   */
  readonly neighbor: 'incomplete' | 'failed' | 'other';
}

export interface LocalNetwork {
  /** Takes note of what has changed. Costs half a microsecond when nothing has. */
  poll(): void;
  /** Grows with each change of addresses or interfaces. */
  readonly generation: number;
  /** Index of an interface; 0 when there is none of this name. An interface that is made anew has another one. */
  interfaceIndex(name: string): number;
  /** Name of an interface, for people. */
  interfaceName(index: number): string;
  /** Why probes cannot leave like this, as a clause; undefined when they can. */
  missing(binding: Binding): string | undefined;
  /** When an address of the family was last removed, monotonic ms; -Infinity when none was. Link-local ones do not count. */
  addressRemovedAt(family: Family): number;
  /**
   * Whether an interface has no carrier now, is off or gone, or was at some time since, monotonic ms. An interface that was
   * made counts as down until then.
   */
  wasDownSince(index: number, sinceMs: number): boolean;
  /** Whether that can be true of any interface: cheaper than to ask for a route first. */
  anyWasDownSince(sinceMs: number): boolean;
  /**
   * The way that a packet would take.
   *
   * @returns `none`: there is no route. `refused`: a route says that the destination must not be reached.
   */
  route(family: Family, destination: string, binding: Binding): Route | 'none' | 'refused';
  /**
   * The first step of a packet's way. Asks the kernel, some microseconds: for probes that end in silence.
   *
   * @returns undefined where there is no route, or this machine cannot be asked
   */
  nextHop(family: Family, destination: string, binding: Binding): NextHop | undefined;
  /** Whether an address is one of this machine. @param key as `addressKey` spells it */
  isOwn(key: string): boolean;
  close(): void;
}
