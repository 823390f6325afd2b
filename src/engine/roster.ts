/** Who is checked: the listeners and backends in force, each backend in a slot of its own. */
import type { BackendColumns } from '../config/backend-columns.js';
import type { CheckPlan, ListenerSettings } from '../config/plan.js';
import { failOpenVote, failsOpen, type Admin, type FailOpenVote, type RoutingPolicy } from '../health/routable.js';
import type { BackendState, Thresholds } from '../health/state.js';
import type { Readiness } from '../probes/probe.js';
import type { ListenerRows } from '../messages.js';
import type { UniqueTarget, Way } from './unique-targets.js';

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
  /** Its place in the plan: where `terms.columns` tells of it. */
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
  /** No probe has said anything about it for {@link staleAfterMs}. */
  stale: boolean;
}

/** The backend's name, or ADDRESS:PORT. Made anew at each call. */
export function idOf({ terms, place }: Backend): string {
  return terms.columns.id(place);
}

export function thresholdsOf(check: CheckPlan): Thresholds {
  return { healthy: check.healthyThreshold, unhealthy: check.unhealthyThreshold, initialPasses: check.initialPasses };
}

/**
 * How long a backend may be without a pass or a failure before its verdict is stale, ms: one probe more than it takes to
 * become unhealthy, each with its whole timeout.
 */
export function staleAfterMs({ unhealthyThreshold, intervalMs, timeoutMs }: CheckPlan): number {
  return (unhealthyThreshold + 1) * (intervalMs + timeoutMs);
}

export function policyOf(plan: ListenerSettings): RoutingPolicy {
  return { allUnhealthy: plan.allUnhealthy, initial: plan.initial };
}

export function voteOf(backend: Backend): FailOpenVote {
  return failOpenVote(backend);
}

export function votedToFailOpen({ policy, votes }: Listener): boolean {
  return failsOpen(policy, votes.dead, votes.alive);
}

/** Numbers that are given out, taken back, and given out again. */
export class Slots {
  #free: number[] = [];
  #used = 0;

  take(): number {
    return this.#free.pop() ?? this.#used++;
  }

  giveBack(slot: number): void {
    this.#free.push(slot);
  }

  /** One more than the highest number there can be after so many are taken. */
  capacityAfter(taken: number): number {
    return this.#used + Math.max(0, taken - this.#free.length);
  }
}
