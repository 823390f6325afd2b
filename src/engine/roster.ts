/** What a record says: a backend's name, its vote, what a plan makes of thresholds and policy. */
import type { CheckPlan, ListenerSettings } from '../config/plan.js';
import { failOpenVote, failsOpen, type FailOpenVote, type RoutingPolicy } from '../health/routable.js';
import type { Thresholds } from '../health/state.js';
import type { Backend, Listener } from './records.js';

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
