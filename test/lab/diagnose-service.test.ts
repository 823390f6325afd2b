/** Services behind a router, diagnosed in full: the service is at fault, and the network is not blamed for it. */
import type { Test } from 'tap';
import type { CheckPlan } from '#vitald/config/plan.js';
import type { Report } from '#vitald/diagnosis/report.js';
import { selfSigned } from '../support/certificates.js';
import { codes, diagnosis } from '../support/lab/diagnosing.js';
import { Nginx } from '../support/lab/nginx.js';
import { at, joinRouted, nodes } from '../support/lab/routed-network.js';
import { labSuite, type World } from '../support/lab/suite.js';

const nginx = new Nginx();

function certificate(name: string, days?: [number, number]): string {
  const { key, cert } = selfSigned(['app.example'], days);
  return `ssl_certificate ${nginx.file(`${name}.pem`, cert)}; ssl_certificate_key ${nginx.file(`${name}.key`, key)};`;
}

const both = (port: number, more = ''): string => `listen ${port} ${more}; listen [::]:${port} ${more};`;

const servers = `
  server { ${both(80, 'default_server')} return 404; }
  server { ${both(80)} server_name app.example;
    location = / { return 200; }
    location = /broken { return 503; }
    location = /login { auth_basic staff; auth_basic_user_file ${nginx.file('users', '')}; }
    location = /moved { return 301 https://$host/; }
    location = /get { if ($request_method = HEAD) { return 405; } return 200; }
    location = /hangup { if ($request_method = HEAD) { return 444; } return 200; }
    location / { return 404; }
  }
  server { ${both(443, 'ssl')} ${certificate('valid')} return 200; }
  server { ${both(444, 'ssl')} ${certificate('expired', [-10, -1])} return 200; }
`;

/** Slow on port 81, silent on 82; listens with room for two on 90, and accepts none: it is stopped. */
const slowAndSilent = `const { createServer } = require('http');
createServer((request, response) => setTimeout(() => response.end(), 900)).listen(81, '::');
require('net').createServer((socket) => socket.on('error', () => undefined)).listen(82, '::', () => console.log('listening'));`;
const neverAccepts = `require('net').createServer().listen({ port: 90, host: '::', backlog: 1 }, () => {
  console.log('listening');
  process.kill(process.pid, 'SIGSTOP');
});`;
const clients = `for (let i = 0; i < 4; i++) require('net').connect(90, '${at.backend}').on('connect', () => console.log('connected')).on('error', () => {});`;

interface Case {
  readonly says: string;
  readonly port?: number;
  readonly address?: string;
  readonly check: Partial<CheckPlan>;
  /** Each as `code certainty`, in their order. */
  readonly findings: readonly string[];
  readonly verdict?: Report['verdict'];
  readonly summary?: RegExp;
  /** Of the first finding. */
  readonly yaml?: RegExp;
}

const host = 'app.example';
const page = (path: string): Partial<CheckPlan> => ({ type: 'http', options: { host, path } });
const https = (tls: object = {}): Partial<CheckPlan> => ({ type: 'https', options: { tls } });
const valid = { verify: true, server_name: host, ca_file: `${nginx.folder}/valid.pem` };
const expired = { verify: true, server_name: host, ca_file: `${nginx.folder}/expired.pem` };

const cases: readonly Case[] = [
  { says: 'a healthy site', check: page('/'), findings: [], verdict: 'healthy' },
  { says: 'a healthy site over IPv6', address: at.backend6, check: page('/'), findings: [], verdict: 'healthy' },
  { says: '404 while / is 200', check: page('/nowhere'), findings: ['path_not_found certain'], yaml: /path: \// },
  { says: 'HEAD is refused', check: page('/get'), findings: ['method_unsupported certain'], yaml: /method: GET/ },
  { says: 'HEAD ends the connection', check: page('/hangup'), findings: ['method_unsupported certain'], yaml: /method: GET/ },
  { says: 'the default site answers', check: { type: 'http' }, findings: ['host_header_needed likely', 'path_not_found possible'] },
  { says: 'a redirect to https', check: page('/moved'), findings: ['redirected certain'], yaml: /type: https\n {2}port: 443/ },
  { says: 'a login is needed', check: page('/login'), findings: ['login_needed certain'] },
  { says: '503 from the application', check: page('/broken'), findings: ['application_error certain'] },
  {
    says: 'a slow answer',
    port: 81,
    check: { type: 'http', timeoutMs: 300 },
    findings: ['slow_response certain', 'timeout_too_short likely'],
    summary: /needs (9\d\d ms|\d\.\d s)/,
  },
  { says: 'accepts, and never answers', port: 82, check: { type: 'http', timeoutMs: 500 }, findings: ['accepts_but_silent likely'] },
  {
    says: 'a full accept queue is not a silent application',
    port: 90,
    check: { type: 'http', timeoutMs: 1000 },
    findings: ['accept_queue_full likely', 'firewall_drops_port possible'],
  },
  { says: 'a plain check on a TLS port', port: 443, check: { type: 'http' }, findings: ['plain_check_on_tls_port certain'] },
  { says: 'a TLS check on a plain port', check: { type: 'https', options: { host } }, findings: ['tls_check_on_plain_port certain'] },
  {
    says: 'a certificate that has expired',
    port: 444,
    check: https(expired),
    findings: ['tls_certificate_problem certain'],
    summary: /expired/,
  },
  {
    says: 'a certificate for another name',
    port: 443,
    check: https({ ...valid, server_name: 'other.example' }),
    findings: ['tls_certificate_problem certain'],
    summary: /is not for other\.example/,
    yaml: /server_name: app\.example/,
  },
  { says: 'a certificate that is in order', port: 443, check: https(valid), findings: [], verdict: 'healthy' },
];

function judge(t: Test, report: Report, { findings, verdict = 'unhealthy', summary, yaml }: Case): void {
  t.same(codes(report), findings, report.summary);
  t.equal(report.verdict, verdict);
  if (summary !== undefined) t.match(report.summary, summary);
  if (yaml !== undefined) t.match(report.findings[0]?.remedy.yaml, yaml);
  for (const { code, evidence } of report.findings) t.ok(evidence.length > 0, `${code} has evidence`);
}

labSuite<World & { readonly reports: ReadonlyMap<Case, Promise<Report>> }>({
  tools: ['nginx'],
  nodes,
  async build(lab) {
    await joinRouted(lab);
    await nginx.start(lab, 'backend', servers);
    await lab.start('backend', [process.execPath, '-e', slowAndSilent]).line(/listening/);
    await lab.start('backend', [process.execPath, '-e', neverAccepts]).line(/listening/);
    await lab.start('backend', [process.execPath, '-e', clients]).line(/connected/);
    // A few at a time: each takes seconds, and most of that is waiting.
    const atOnce = 4;
    const reports = new Map<Case, Promise<Report>>();
    cases.forEach((one, place) => {
      const before = reports.get(cases[place - atOnce]!);
      const report = Promise.resolve(before).then(() => diagnosis(lab, one.address ?? at.backend, one));
      // Its test will see it.
      report.catch(() => undefined);
      reports.set(one, report);
    });
    return { lab, reports };
  },
  tests: Object.fromEntries(cases.map((one) => [one.says, async (t, { reports }) => judge(t, await reports.get(one)!, one)])),
});
