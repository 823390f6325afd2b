import { fixed, type CheckDefaults, type Profile } from './profile.js';

const thresholds = { healthyThreshold: { min: 2, max: 10 }, unhealthyThreshold: { min: 2, max: 10 } };

const layer4: CheckDefaults = {
  intervalMs: 5000,
  timeoutMs: 2000,
  healthyThreshold: 3,
  unhealthyThreshold: 3,
  pace: 'fixed_rate',
  options: {},
  range: { intervalMs: { min: 5000, max: 300_000 }, timeoutMs: { min: 2000, max: 60_000 }, ...thresholds },
};

/** Tencent CLB. Layer 4 and layer 7 differ: the timeout of a layer-7 check cannot be set (docs/semantics.md item 11). */
export const tencentClb: Profile = {
  name: 'tencent-clb',
  summary:
    'Tencent Cloud CLB. UDP listeners are checked by ping, and https listeners over HTTP unless their backends use HTTPS. The timeout of an HTTP check is fixed.',
  checks: {
    tcp: layer4,
    ping: layer4,
    http: {
      intervalMs: 6000,
      timeoutMs: 5000,
      healthyThreshold: 3,
      unhealthyThreshold: 3,
      pace: 'after_completion',
      options: { method: 'HEAD', path: '/', expected_status: ['http_2xx'] },
      range: { intervalMs: { min: 5000, max: 300_000 }, timeoutMs: fixed(5000), ...thresholds },
    },
  },
  checkForProtocol: { tcp: 'tcp', udp: 'ping', http: 'http', https: 'http' },
  backendProtocols: ['http', 'https'],
  initialPasses: 'healthy_threshold',
  allUnhealthy: 'all',
  probeWeightZero: true,
  sourceRange: '100.64.0.0/10',
  timeoutBelowInterval: 'kept',
  timeoutAboveInterval: 'error',
  sources: {
    interval: 'layer 4: 5 to 300 s [T1], [T3], 5 s [T3]; layer 7: 5 to 300 s, 6 s [T1] ([T3]: 5 s)',
    timeout: 'layer 4: 2 to 60 s [T1], [T3], 2 s [T3]; layer 7: 5 s, "cannot be configured" [T1] ([T3]: 2 to 60 s, 2 s)',
    healthy_threshold: '2 to 10 [T1], [T3]; 3: layer 7 [T1], all [T3]',
    unhealthy_threshold: '2 to 10 [T1], [T3]; 3: layer 7 [T1], all [T3]',
    pace: 'layer 4: "the time interval between two checks is the set value"; layer 7: timeout × n + interval × (n - 1) [T2]',
    'check type by protocol':
      'SYN and ping: [T1]; https listeners over HTTP if the backend protocol of the rule is HTTP, and over HTTPS if it is HTTPS [T2], [T3]',
    'HTTP request': 'HEAD [T1] ([T3]: GET); `/`: [T3]',
    expected_status: '[T1]',
    'udp.ping_first': 'only a ping [T1]; the port check of [T2] sends a ping and a datagram',
    initial_passes: '"detecting" for interval × healthy threshold [T2]',
    all_unhealthy: 'if all are unhealthy, requests go to all [T2]',
    'weight 0': 'checks continue regardless of the weight [T2]',
    'timeout below the interval': 'not raised: no document mentions it',
    'timeout above the interval, fixed_rate': 'vitald: a check at a fixed rate cannot take longer than its interval',
    'the cloud probes from': '100.64.0.0/10 [T3]',
  },
};
