import type { AccessPlan, BackendPlan, CheckPlan, ListenerPlan, Plan } from '#vitald/config/plan.js';

/** On loopback, without credentials. */
export const openAccess: AccessPlan = {
  tls: undefined,
  unixSocket: undefined,
  metricsListen: undefined,
  tokens: [],
  clientCertificates: [],
  open: [],
  isInsecure: false,
  names: ['checker-host'],
  limits: { requestsPerSecond: 1000, connections: 2000, connectionsPerAddress: 1000 },
  holds: { requests: 4000, requestsPerCaller: 2000, streams: 2000, streamsPerCaller: 1000 },
};

/** A plan for tests: what is not said is the native profile's. */
export function planOf(...listeners: ListenerPlan[]): Plan {
  const server = { host: '127.0.0.1', port: 0, stateDir: undefined, allowedNetworks: [], access: openAccess };
  return { checker: 'test', server, outputs: [], listeners };
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
