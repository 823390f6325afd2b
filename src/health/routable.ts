/**
 * Whether the load balancer should send new requests to a backend, and why.
 * Source: docs/semantics.md items 4–8; cases in test/conformance/routable.json.
 */
import type { State } from './state.js';

/** What an operator said of a backend; it wins over the checks. */
export type Admin = 'none' | 'maintenance' | 'forced_healthy' | 'forced_unhealthy';

/** Why a backend is routable or not, as the API names it. */
export type RoutableBecause =
  | 'healthy'
  | 'check_disabled'
  | 'fail_open'
  | 'initial'
  | 'unhealthy'
  | 'weight_zero'
  | 'maintenance'
  | 'forced_healthy'
  | 'forced_unhealthy';

/** All of them in a fixed order; the place is the code in the status table. */
export const routableBecause = [
  'healthy',
  'check_disabled',
  'fail_open',
  'initial',
  'unhealthy',
  'weight_zero',
  'maintenance',
  'forced_healthy',
  'forced_unhealthy',
] as const satisfies readonly RoutableBecause[];

/**
 * True for a backend that is kept out of traffic on purpose, whatever its checks find: no operator needs to be paged when it
 * fails them. The alert rules of deploy/prometheus/ and the output `alertmanager` leave out the same backends.
 */
export function isOutOfService(because: RoutableBecause): boolean {
  return because === 'maintenance' || because === 'weight_zero';
}

/** What a listener says about routing. */
export interface RoutingPolicy {
  /** `all`: when every backend that could carry traffic is unhealthy, all of them are routed to (“all dead, all alive”). */
  readonly allUnhealthy: 'none' | 'all';
  /** Whether a backend without a verdict yet is routed to. */
  readonly initial: 'exclude' | 'include';
}

/** What routing needs to know of one backend. */
export interface RoutingView {
  readonly state: State;
  readonly weight: number;
  readonly admin: Admin;
}

export interface Routing {
  readonly routable: boolean;
  readonly because: RoutableBecause;
}

/** What one backend adds to the question whether its listener fails open. */
export type FailOpenVote = 'none' | 'dead' | 'alive';

/**
 * Who has a say in failing open: backends that could carry traffic. Weight 0 and maintenance have none; one that has
 * no verdict yet speaks against it, for nothing is known to be dead before it was probed.
 */
export function failOpenVote(backend: RoutingView): FailOpenVote {
  if (backend.weight === 0 || backend.admin === 'maintenance') return 'none';
  if (backend.admin === 'forced_unhealthy') return 'dead';
  if (backend.admin === 'forced_healthy') return 'alive';
  return backend.state === 'unhealthy' ? 'dead' : 'alive';
}

/** True when a listener whose backends voted like this fails open. */
export function failsOpen(policy: RoutingPolicy, dead: number, alive: number): boolean {
  return policy.allUnhealthy === 'all' && alive === 0 && dead > 0;
}

/**
 * @param failOpen the result of {@link failsOpen} for the whole listener
 */
export function routing(backend: RoutingView, policy: RoutingPolicy, failOpen: boolean): Routing {
  const because = decide(backend, policy, failOpen);
  return { routable: isRoutable(because, policy), because };
}

function isRoutable(because: RoutableBecause, policy: RoutingPolicy): boolean {
  switch (because) {
    case 'healthy':
    case 'check_disabled':
    case 'fail_open':
    case 'forced_healthy':
      return true;
    case 'initial':
      return policy.initial === 'include';
    case 'unhealthy':
    case 'weight_zero':
    case 'maintenance':
    case 'forced_unhealthy':
      return false;
    default:
      return because satisfies never;
  }
}

function decide(backend: RoutingView, policy: RoutingPolicy, failOpen: boolean): RoutableBecause {
  if (backend.admin !== 'none') return backend.admin;
  if (backend.weight === 0) return 'weight_zero';
  switch (backend.state) {
    case 'disabled':
      return 'check_disabled';
    case 'healthy':
      return 'healthy';
    case 'initial':
      return 'initial';
    case 'unhealthy':
      return failOpen && policy.allUnhealthy === 'all' ? 'fail_open' : 'unhealthy';
    default:
      return backend.state satisfies never;
  }
}
