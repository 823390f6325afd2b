/** Who is checked: the listeners and backends in force, each backend in a slot of its own. */
import type { BackendPlan, CheckPlan, ListenerSettings } from '../config/plan.js';
import { failOpenVote, failsOpen, type FailOpenVote, type RoutingPolicy } from '../health/routable.js';
import type { BackendState, Thresholds } from '../health/state.js';
import type { Probe, Readiness } from '../probes/probe.js';
import type { UniqueTarget } from './unique-targets.js';

export interface Listener {
  readonly name: string;
  /** Row of its counters. */
  readonly row: number;
  check: CheckPlan;
  thresholds: Thresholds;
  policy: RoutingPolicy;
  probe: Probe;
  compiled: unknown;
  readiness: Readiness;
  readonly backends: Map<string, Backend>;
  /** Backends by their vote on failing open. */
  readonly votes: Record<FailOpenVote, number>;
}

export interface Backend {
  readonly slot: number;
  readonly listener: Listener;
  readonly id: string;
  plan: BackendPlan;
  /** What is probed for it; undefined where its listener does not check. */
  unique: UniqueTarget | undefined;
  readonly verdict: BackendState;
  vote: FailOpenVote;
}

export function thresholdsOf(check: CheckPlan): Thresholds {
  return { healthy: check.healthyThreshold, unhealthy: check.unhealthyThreshold, initialPasses: check.initialPasses };
}

export function policyOf(plan: ListenerSettings): RoutingPolicy {
  return { allUnhealthy: plan.allUnhealthy, initial: plan.initial };
}

export function voteOf(backend: Backend): FailOpenVote {
  return failOpenVote({ state: backend.verdict.state, weight: backend.plan.weight, admin: 'none' });
}

export function listenerFailsOpen(listener: Listener): boolean {
  return failsOpen(listener.policy, listener.votes.dead, listener.votes.alive);
}

/** Numbers that are given out, taken back, and given out again. */
export class Slots {
  #free: number[] = [];
  #used = 0;

  /** One more than the highest number given out so far. */
  get capacity(): number {
    return this.#used;
  }

  take(): number {
    return this.#free.pop() ?? this.#used++;
  }

  giveBack(slot: number): void {
    this.#free.push(slot);
  }
}
