import type { CheckDefaults, Profile } from './profile.js';

const tcp: CheckDefaults = {
  intervalMs: 2000,
  timeoutMs: 5000,
  healthyThreshold: 3,
  unhealthyThreshold: 3,
  pace: 'after_completion',
  options: {},
  range: {
    intervalMs: { min: 1000, max: 50_000 },
    timeoutMs: { min: 1000, max: 300_000 },
    healthyThreshold: { min: 2, max: 10 },
    unhealthyThreshold: { min: 2, max: 10 },
  },
};

/** Alibaba SLB (CLB). */
export const alibabaSlb: Profile = {
  name: 'alibaba-slb',
  summary: 'Alibaba Cloud SLB. A timeout below the interval is raised to the interval; HTTPS listeners are checked by HTTP.',
  checks: {
    tcp,
    udp: { ...tcp, intervalMs: 5000, timeoutMs: 10_000, options: { udp: { ping_first: false } } },
    http: { ...tcp, options: { method: 'HEAD', path: '/', expected_status: ['http_2xx'] } },
  },
  checkForProtocol: { tcp: 'tcp', udp: 'udp', http: 'http', https: 'http' },
  initialPasses: 'healthy_threshold',
  allUnhealthy: 'none',
  probeWeightZero: true,
  sourceRange: '100.64.0.0/10',
  timeoutBelowInterval: 'raised',
  timeoutAboveInterval: 'warning',
};
