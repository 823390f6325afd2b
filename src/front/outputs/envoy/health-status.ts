/**
 * The words of Envoy for what vitald says of a backend.
 *
 * Source: envoy.config.core.v3.HealthStatus. UNKNOWN would be treated as healthy, so it is never said.
 */
import type { RoutableBecause } from '../../../health/routable.js';

export type HealthStatus = 'HEALTHY' | 'UNHEALTHY' | 'DRAINING';

/** `routable` decides alone whether there is traffic; the rest only chooses the word for what gets none. */
export function healthStatus({ routable, because }: { readonly routable: boolean; readonly because: RoutableBecause }): HealthStatus {
  if (routable) return 'HEALTHY';
  // Somebody wants it so, and it is not ill: what it has begun it may end.
  return because === 'maintenance' || because === 'weight_zero' ? 'DRAINING' : 'UNHEALTHY';
}
