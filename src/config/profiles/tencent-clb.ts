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

/** Tencent CLB. Layer 4 and layer 7 differ: the timeout of a layer-7 check cannot be set (spec.md item 11). */
export const tencentClb: Profile = {
  name: 'tencent-clb',
  summary: 'Tencent Cloud CLB. A UDP listener is checked by ping; the timeout of an HTTP check is fixed.',
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
  checkForProtocol: { tcp: 'tcp', udp: 'ping', http: 'http', https: 'https' },
  initialPasses: 'healthy_threshold',
  allUnhealthy: 'all',
  probeWeightZero: true,
  sourceRange: '100.64.0.0/10',
  timeoutBelowInterval: 'kept',
  timeoutAboveInterval: 'error',
};
