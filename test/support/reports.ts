/** Reports for tests of how they are told. */
import type { Finding, Report } from '#vitald/diagnosis/report.js';
import { remedyOf } from '#vitald/diagnosis/remedy.js';

export const at = Date.parse('2026-01-01T12:00:00.250Z');

export const closedPort: Finding = {
  code: 'port_closed',
  certainty: 'likely',
  at: 'backend',
  summary: 'Port 8080 of 10.0.0.2 is closed: it refused 3 of 3 connection attempts.',
  evidence: [{ sent: 'SYN to 10.0.0.2:8080', got: 'RST after 0.4 ms', at }],
  remedy: remedyOf('port_closed', { port: 8080, address: '10.0.0.2', source: '10.0.0.254' }),
};

export const headRefused: Finding = {
  code: 'method_unsupported',
  certainty: 'certain',
  at: 'check',
  summary: 'HEAD /health gets 405; GET /health gets 200.',
  evidence: [
    { sent: 'HEAD /health', got: 'HTTP 405 in 1.0 ms', at },
    { sent: 'GET /health', got: 'HTTP 200 in 1.2 ms', at: at + 10 },
  ],
  remedy: { ...remedyOf('method_unsupported', { port: 8080, address: '10.0.0.2', path: '/health' }), yaml: 'check:\n  method: GET\n' },
};

export const unhealthy: Report = {
  target: { listener: 'web', backend: 'app-2', address: '10.0.0.2', port: 8080, type: 'http' },
  verdict: 'unhealthy',
  summary: closedPort.summary,
  findings: [closedPort, { ...headRefused, certainty: 'possible' }],
  steps: [{ name: 'ping', result: 'answered after 0.3 ms', tookMs: 12.3456 }],
  leftOut: [{ name: 'SYNs with growing TTL', why: 'it needs CAP_NET_RAW' }],
};

export const healthy: Report = {
  target: { address: 'fd00::1', port: 443, type: 'https' },
  verdict: 'healthy',
  summary: 'Nothing is wrong: the check passes.',
  findings: [],
  steps: [],
  leftOut: [],
};
