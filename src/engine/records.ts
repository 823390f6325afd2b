/** What the engine keeps of listeners, backends and what is probed for them. The records point at each other, hence one file. */
import type { BackendColumns } from '../config/backend-columns.js';
import type { CheckPlan } from '../config/plan.js';
import type { Admin, FailOpenVote, RoutingPolicy } from '../health/routable.js';
import type { BackendState, Thresholds } from '../health/state.js';
import type { ListenerRows } from '../messages.js';
import type { Probe, Readiness, Target } from '../probes/probe.js';
import type { OwnFault } from './own-fault.js';

export interface Listener {
  readonly name: string;
  /** Row of its counters. */
  readonly row: number;
  policy: RoutingPolicy;
  /** By its place in the plan. */
  backends: readonly Backend[];
  /** What the plan in force says of it; undefined until its first plan is. */
  terms: Terms | undefined;
  /** Where its backends are found; undefined until its first plan is in force. */
  rows: ListenerRows | undefined;
  /** Backends by their vote on failing open. */
  readonly votes: Record<FailOpenVote, number>;
  failsOpen: boolean;
  /** Its backends are being exchanged: whether it fails open is decided by those that are there in the end. */
  inFlux: boolean;
}

/**
 * What one plan says of a listener. While a plan is put in force, some backends of a listener rest on the old plan and
 * some on the new one: each goes over from the one object to the other in one step.
 */
export interface Terms {
  readonly listener: Listener;
  /** Names, addresses and ports of its backends. */
  readonly columns: BackendColumns;
  readonly check: CheckPlan;
  readonly thresholds: Thresholds;
  readonly way: Way;
  readonly compiled: unknown;
  readonly readiness: Readiness;
}

/** One flat object, for there may be 100,000 of them; what the plan knows of it is left in the plan. */
export interface Backend extends BackendState {
  readonly slot: number;
  terms: Terms;
  /** Its index in `terms.columns`. */
  place: number;
  /** The one that is in force: the configured one, or an operator's. */
  weight: number;
  /** What an operator said of it. */
  admin: Admin;
  /** What is probed for it; undefined where its listener does not check. */
  unique: UniqueTarget | undefined;
  /** Another backend whose verdict rests on the same target. */
  nextSharing: Backend | undefined;
  vote: FailOpenVote;
  /** No probe has said anything about it for `staleAfterMs` (roster.ts). */
  stale: boolean;
}

/** A way of probing, with all that is probed so. It is there as long as a listener asks for it. */
export interface Way {
  /** Of several listeners' checks, which agree in it, the first one's. */
  readonly check: CheckPlan;
  readonly probe: Probe;
  readonly targets: Map<number | string, UniqueTarget>;
  /** Why no probe can leave in this way, as of a generation of the machine's network (own-network.ts). */
  missing: OwnFault | undefined;
  missingInGeneration: number;
  /** How many `UniqueTargets.way` calls are not yet released. */
  users: number;
}

/**
 * One address and port, probed in one way, for one backend or more. Where it goes, and what is known of its probe, are
 * one object; `slot` is the place in `UniqueTargets`, not the status table's.
 */
export interface UniqueTarget extends Target {
  readonly way: Way;
  /** Whose verdicts rest on it: the first of a list by {@link Backend.nextSharing}; undefined once the last one has left. */
  first: Backend | undefined;
  inFlight: boolean;
  /** When the next probe is due; monotonic ms. */
  dueMs: number;
  /** When the present or last probe started; monotonic ms. */
  startedMs: number;
  /** When a probe last ended as pass or fail, or when this target came; monotonic ms. */
  conclusiveMs: number;
  /** Probes in a row that ended as neither. */
  inconclusive: number;
  /** How often the last scheduled probe was repeated at once. */
  repeats: number;
  /** The next probe repeats one that said nothing. */
  isRepeating: boolean;
  /** The interface that the last passing probe left by; 0 before the first, and for an address of this machine. */
  interfaceIndex: number;
  /** The generation of the machine's network for which that was found out. */
  reachedInGeneration: number;
}
