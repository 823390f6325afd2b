import { fixed, type CheckDefaults, type Profile } from './profile.js';
import type { Sources } from './sources.js';

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
const http: CheckDefaults = { ...tcp, options: { method: 'GET', path: '/', expected_status: [200, 202, 401] } };

/** Three failures decide, whatever number is asked for. */
function threeFailures(check: CheckDefaults): CheckDefaults {
  return { ...check, range: { ...check.range, unhealthyThreshold: fixed(3) } };
}

const sharedSources: Sources = {
  interval: '5 s: the console [H9]; 1 to 50 s: [H7]',
  timeout: '3 s: the console [H9]; 1 to 50 s: [H7]',
  healthy_threshold: '3: the console [H9]; 1 to 10: `max_retries` [H7]',
  unhealthy_threshold:
    'three failures in a row, regardless of the maximum retries [H2, editions until 2024: "take shared load balancers as an example"]',
  pace: 'the time window, timeout × n + interval × (n - 1) [H2]',
  'check type by protocol':
    'UDP: [H1], [H2]; https listeners over HTTP, because TLS ends at the load balancer [H2], which uses only HTTP to their backends [H8] and has no HTTPS check [H3]',
  'HTTP request': 'GET [H1], [H2]; `http_method` is reserved [H7]; `/`: [H7]',
  expected_status: '200, 202, 401: "enhanced load balancers" [H1], shared [H4]; TCP listeners 200 [H1]',
  'udp.ping_first': 'an echo request, then a datagram, each with the whole timeout [H2]; security groups must allow inbound ICMP [H1]',
  initial_passes: 'one check makes a new server healthy [H5]',
  all_unhealthy: 'requests are not routed to unhealthy servers [H1]; the document names no exception',
  'weight 0': 'no traffic, and the result has no meaning [H1]',
  'timeout below the interval': 'not raised: no document mentions it; the API documentation recommends a timeout below the interval [H7]',
  'timeout above the interval, fixed_rate': 'vitald; the cloud waits for each check to end, see pace',
  'the cloud probes from': '100.125.0.0/16 [H1], [H3]',
};

/** What all kinds of Huawei's load balancers have in common. */
const elb = {
  checkForProtocol: { tcp: 'tcp', udp: 'udp', http: 'http', https: 'http' },
  initialPasses: 1,
  allUnhealthy: 'none',
  probeWeightZero: true,
  timeoutBelowInterval: 'kept',
  timeoutAboveInterval: 'warning',
} as const;

/** Huawei ELB, the shared load balancer. Documents before 2021 call it "enhanced". */
export const huaweiElbShared: Profile = {
  ...elb,
  name: 'huawei-elb-shared',
  summary:
    'Huawei Cloud ELB, shared load balancer (called "enhanced" before 2021). One pass makes a new backend healthy, and three failures make it unhealthy. UDP backends are pinged first. https listeners are checked over HTTP.',
  checks: {
    tcp: threeFailures(tcp),
    udp: threeFailures(udp),
    http: threeFailures({ ...http, expectedStatusOnTcpListener: [200] }),
  },
  backendProtocols: ['http'],
  sourceRange: '100.125.0.0/16',
  sources: sharedSources,
};

/** The name of earlier versions of vitald, which took any unhealthy threshold: their configurations go on working. */
export const huaweiElb: Profile = {
  ...huaweiElbShared,
  name: 'huawei-elb',
  summary: 'Earlier name of the shared load balancer in vitald. Like huawei-elb-shared, but accepts any unhealthy_threshold from 1 to 10.',
  checks: { tcp, udp, http: { ...http, expectedStatusOnTcpListener: [200] } },
  sources: { ...sharedSources, unhealthy_threshold: '3: [H2], see huawei-elb-shared; 1 to 10: earlier versions of vitald' },
};

/** Huawei ELB, the dedicated load balancer. */
export const huaweiElbDedicated: Profile = {
  ...elb,
  name: 'huawei-elb-dedicated',
  summary:
    'Huawei Cloud ELB, dedicated load balancer. Like huawei-elb-shared, but only 200 is healthy, the number of failures is configurable, and backends can use HTTPS.',
  checks: { tcp, udp, http: { ...http, options: { ...http.options, expected_status: [200] } } },
  backendProtocols: ['http', 'https'],
  sources: {
    ...sharedSources,
    interval: '5 s: the console [H9]; 1 to 50 s: [H6]',
    timeout: '3 s: the console [H9]; 1 to 50 s: [H6]',
    healthy_threshold: '3: the console [H9]; 1 to 10: `max_retries` [H6]',
    unhealthy_threshold: '3, 1 to 10: `max_retries_down` [H6]',
    'check type by protocol':
      'UDP: [H2]; https listeners over HTTP, because TLS ends at the load balancer [H2]; their backends can use HTTPS [H8] and be checked over HTTPS [H6]',
    'HTTP request': 'GET, `/`: [H6]',
    expected_status: '200 [H4], [H6]',
    'udp.ping_first': 'an echo request, then a datagram, each with the whole timeout [H2]',
    all_unhealthy: 'requests are not routed to unhealthy servers [H2]; the document names no exception',
    'weight 0': 'as for shared load balancers [H1]',
    'timeout below the interval': 'not raised: no document mentions it; the API documentation recommends a timeout below the interval [H6]',
    'the cloud probes from': 'addresses of the backend subnet of the load balancer [H1, later editions]',
  },
};

/** Huawei ELB, the classic load balancer on a public network. */
export const huaweiElbClassic: Profile = {
  ...huaweiElbShared,
  name: 'huawei-elb-classic',
  summary: 'Huawei Cloud ELB, classic load balancer on a public network. Like huawei-elb-shared, but with other expected status codes.',
  checks: {
    ...huaweiElbShared.checks,
    http: threeFailures({
      ...http,
      options: { ...http.options, expected_status: ['http_2xx', 'http_3xx'] },
      expectedStatusOnTcpListener: [200],
    }),
  },
  sources: {
    ...sharedSources,
    interval:
      '5 s and 1 to 50 s: as for shared load balancers; API v1.0 allows 1 to 5 s [H10], but earlier versions of vitald accepted more',
    timeout: '3 s: as for shared load balancers; 1 to 50 s: [H10]',
    healthy_threshold: '3: as for shared load balancers; 1 to 10: [H10]',
    unhealthy_threshold:
      'three failures in a row, regardless of the maximum retries: editions of the user guide that do not distinguish the kinds [H2]; API v1.0 allows 1 to 10 [H10]',
    'check type by protocol':
      'HTTP or TCP [H10]; UDP as for shared load balancers; https listeners over HTTP, because there is no HTTPS check [H10]',
    'HTTP request': 'GET [H1]; `/`: as for shared load balancers',
    expected_status: '2xx or 3xx: "public network classic load balancers"; TCP listeners 200 [H1]',
    'udp.ping_first': 'as for shared load balancers; security groups must allow inbound ICMP [H1]',
    'timeout below the interval': 'not raised: no document mentions it',
    'the cloud probes from': '100.125.0.0/16 [H1]',
  },
};
