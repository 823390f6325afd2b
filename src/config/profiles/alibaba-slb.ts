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
  summary: 'Alibaba Cloud SLB. A timeout below the interval is raised to the interval. HTTPS listeners are checked over HTTP.',
  checks: {
    tcp,
    udp: { ...tcp, intervalMs: 5000, timeoutMs: 10_000, options: { udp: { ping_first: false } } },
    http: { ...tcp, options: { method: 'HEAD', path: '/', expected_status: ['http_2xx'] } },
  },
  checkForProtocol: { tcp: 'tcp', udp: 'udp', http: 'http', https: 'http' },
  backendProtocols: ['http'],
  initialPasses: 'healthy_threshold',
  allUnhealthy: 'none',
  probeWeightZero: true,
  sourceRange: '100.64.0.0/10',
  timeoutBelowInterval: 'raised',
  timeoutAboveInterval: 'warning',
  sources: {
    interval: '2 s, UDP 5 s [A3], [A4]; 1 to 50 s [A3]',
    timeout: '5 s, UDP 10 s [A3], [A4]; 1 to 300 s [A3]',
    healthy_threshold: '3 [A4]; 2 to 10 [A3]',
    unhealthy_threshold: '3 [A4]; 2 to 10 [A3]',
    pace: 'the time window, timeout × n + interval × (n - 1) [A2]',
    'check type by protocol': 'https listeners over HTTP: all traffic to the backends, including checks, is HTTP [A2], [A3]',
    'HTTP request': 'HEAD [A1], [A2], [A3]; `/`: the default page [A3]',
    expected_status: '`HealthCheckHttpCode`, http_2xx [A5]; the console also selects http_3xx [A3]',
    'udp.ping_first': 'only a datagram [A2]',
    initial_passes: 'the healthy threshold; no document names an exception for new servers [A3]',
    all_unhealthy: 'requests are not sent to unhealthy servers [A2]; the document names no exception',
    'weight 0': 'no traffic [A4]',
    'timeout below the interval': 'the interval then applies as the timeout [A5]',
    'timeout above the interval, fixed_rate': 'vitald; the cloud waits for each check to end, see pace',
    'the cloud probes from': '100.64.0.0/10 [A2]',
  },
};
