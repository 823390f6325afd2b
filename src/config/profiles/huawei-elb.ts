import { fixed, type CheckDefaults, type Profile } from './profile.js';

const tcp: CheckDefaults = {
  intervalMs: 5000,
  timeoutMs: 3000,
  healthyThreshold: 3,
  unhealthyThreshold: 3,
  pace: 'after_completion',
  options: {},
  range: {
    intervalMs: { min: 1000, max: 50_000 },
    timeoutMs: { min: 1000, max: 50_000 },
    healthyThreshold: { min: 1, max: 10 },
    unhealthyThreshold: { min: 1, max: 10 },
  },
};
const udp: CheckDefaults = { ...tcp, options: { udp: { ping_first: true } } };
const http: CheckDefaults = {
  ...tcp,
  options: { method: 'GET', path: '/', expected_status: [200, 202, 401] },
  expectedStatusOnTcpListener: [200],
};

/** Huawei ELB, the enhanced (dedicated) load balancer. */
export const huaweiElb: Profile = {
  name: 'huawei-elb',
  summary: 'Huawei Cloud ELB, enhanced load balancer. One pass settles a new backend; UDP is pinged first.',
  checks: { tcp, udp, http },
  checkForProtocol: { tcp: 'tcp', udp: 'udp', http: 'http', https: 'https' },
  initialPasses: 1,
  allUnhealthy: 'none',
  probeWeightZero: true,
  sourceRange: '100.125.0.0/16',
  timeoutBelowInterval: 'kept',
  timeoutAboveInterval: 'warning',
};

/** The classic load balancer counts three failures, whatever is asked for. */
function threeFailures(check: CheckDefaults): CheckDefaults {
  return { ...check, range: { ...check.range, unhealthyThreshold: fixed(3) } };
}

/** Huawei ELB, the classic load balancer on a public network. */
export const huaweiElbClassic: Profile = {
  ...huaweiElb,
  name: 'huawei-elb-classic',
  summary: 'Huawei Cloud ELB, classic load balancer on a public network: as huawei-elb, other expected status, three failures fixed.',
  checks: {
    tcp: threeFailures(tcp),
    udp: threeFailures(udp),
    http: threeFailures({ ...http, options: { ...http.options, expected_status: ['http_2xx', 'http_3xx'] } }),
  },
};
