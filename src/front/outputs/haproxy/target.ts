/**
 * What a backend’s verdict means for its server in HAProxy.
 *
 * | vitald                              | health         | admin | weight        |
 * |-------------------------------------|----------------|-------|---------------|
 * | healthy, check_disabled, fail_open, | up             | ready | as configured |
 * | forced_healthy                      |                |       |               |
 * | unhealthy, forced_unhealthy         | down           | ready | as configured |
 * | weight_zero                         | of its state   | ready | 0             |
 * | maintenance                         | of its state   | maint | as configured |
 * | initial                             | nothing of it is changed              |
 *
 * A backend without a verdict is left as it is: vitald knows nothing of it yet, and what HAProxy has is the verdict from
 * before a restart, or the best guess there is. To take it out would empty the pool whenever vitald starts.
 */
import type { OutputBackend } from '../backends-view.js';
import type { HaproxyOptions } from './options.js';

/** Undefined: leave it as it is. */
export interface ServerTarget {
  readonly health: 'up' | 'down' | undefined;
  readonly admin: 'ready' | 'maint' | undefined;
  /** `weights: relative`: percent of HAProxy’s own weight; `absolute`: the weight. 0 takes no new clients. */
  readonly weight: number | undefined;
}

/** Of a server in HAProxy; configuration manual, 5.2 "weight". */
export const largestServerWeight = 256;

const unknown: ServerTarget = { health: undefined, admin: undefined, weight: undefined };

export function targetOf(backend: OutputBackend, { control, weights }: Pick<HaproxyOptions, 'control' | 'weights'>): ServerTarget {
  const { because, routable } = backend;
  if (because === 'initial') return unknown;
  if (control === 'health') return { ...unknown, health: routable ? 'up' : 'down' };
  return {
    health: healthOf(backend),
    admin: because === 'maintenance' ? 'maint' : 'ready',
    weight: weights === 'relative' ? percentOf(backend) : absoluteOf(backend),
  };
}

/** Maintenance and weight 0 say nothing of health: when they end, the server is to be what its checks say. */
function healthOf({ because, routable, state }: OutputBackend): ServerTarget['health'] {
  if (because !== 'maintenance' && because !== 'weight_zero') return routable ? 'up' : 'down';
  if (state === 'initial') return undefined;
  return state === 'unhealthy' ? 'down' : 'up';
}

/** 100 unless an operator changed the weight: so HAProxy’s own weights hold. */
function percentOf(backend: OutputBackend): number {
  const { weight, configuredWeight, routable } = backend;
  if (weight === 0 && !routable) return 0;
  if (weight === 0 || configuredWeight === 0) return 100;
  return Math.max(1, Math.round((weight / configuredWeight) * 100));
}

/** Weight 0 is not routed to, unless an operator forced the backend healthy. */
function absoluteOf({ weight, routable }: OutputBackend): number {
  return Math.min(weight === 0 && routable ? 1 : weight, largestServerWeight);
}
