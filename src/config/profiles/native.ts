import type { CheckDefaults, Profile } from './profile.js';

const tcp: CheckDefaults = {
  intervalMs: 5000,
  timeoutMs: 2000,
  healthyThreshold: 2,
  unhealthyThreshold: 3,
  pace: 'fixed_rate',
  options: {},
  range: {
    intervalMs: { min: 100, max: 3_600_000 },
    timeoutMs: { min: 50, max: 300_000 },
    healthyThreshold: { min: 1, max: 100 },
    unhealthyThreshold: { min: 1, max: 100 },
  },
};

/** vitald's own profile: wide ranges, quick defaults. */
export const native: Profile = {
  name: 'native',
  summary: 'The profile of vitald itself, with wide ranges and short defaults. It applies if the configuration names no profile.',
  checks: {
    tcp,
    http: { ...tcp, options: { method: 'HEAD', path: '/', expected_status: ['http_2xx'] } },
  },
  checkForProtocol: { tcp: 'tcp', udp: 'udp', http: 'http', https: 'https' },
  backendProtocols: ['http', 'https'],
  initialPasses: 1,
  allUnhealthy: 'none',
  probeWeightZero: true,
  timeoutBelowInterval: 'kept',
  timeoutAboveInterval: 'warning',
};
