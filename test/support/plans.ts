import type { BackendPlan, CheckPlan, ListenerPlan, Plan } from '#vitald/config/plan.js';

/** A plan for tests: what is not said is the native profile's. */
export function planOf(...listeners: ListenerPlan[]): Plan {
  return { checker: 'test', server: { host: '127.0.0.1', port: 0, stateDir: undefined, allowedNetworks: [] }, outputs: [], listeners };
}

export function checkOf(check: Partial<CheckPlan> = {}): CheckPlan {
  return {
    enabled: true,
    type: 'tcp',
    intervalMs: 1000,
    timeoutMs: 500,
    healthyThreshold: 2,
    unhealthyThreshold: 3,
    initialPasses: 1,
    pace: 'fixed_rate',
    port: undefined,
    source: undefined,
    interface: undefined,
    options: {},
    ...check,
  };
}

export function listenerOf(
  name: string,
  backends: readonly BackendPlan[],
  rest: { check?: Partial<CheckPlan> } & Partial<Omit<ListenerPlan, 'check'>> = {},
): ListenerPlan {
  return {
    name,
    protocol: 'tcp',
    port: 80,
    profile: 'native',
    allUnhealthy: 'none',
    initial: 'exclude',
    ...rest,
    check: checkOf(rest.check),
    backends,
  };
}

export function backendOf(address: string, rest: Partial<BackendPlan> = {}): BackendPlan {
  const port = rest.port ?? 80;
  return { id: `${address}:${String(port)}`, address, family: address.includes(':') ? 6 : 4, port, checkPort: port, weight: 1, ...rest };
}
