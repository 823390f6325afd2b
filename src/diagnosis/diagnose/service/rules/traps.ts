/**
 * What is wrong with a check although it may pass: docs/semantics.md section 6. Of a check that fails it is not the cause, and is
 * said to be possible at most.
 *
 * That a timeout is longer than the interval, the configuration's own check says.
 */
import { statusRange, type StatusExpression } from '../../../../health/expected-status.js';
import { printable } from '../../../../probes/printable.js';
import type { Certainty } from '../../../report.js';
import type { Conclusion, Rule } from '../../step.js';
import { accepted, passes } from '../judge.js';
import { checkLines } from '../proposal.js';
import { isRedirect } from '../redirect.js';
import { httpOptionsOf, schemeOf } from '../requests.js';
import { day } from './transport.js';
import { evidenceOf } from './explain.js';

/** As sure as it is where the check passes. */
const ifHealthy =
  (rule: (...given: Parameters<Rule>) => readonly Conclusion[]): Rule =>
  (subject, facts) =>
    rule(subject, facts).map((conclusion) => (passes(subject, facts) ? conclusion : { ...conclusion, certainty: 'possible' }));

const pingAlone: Rule = ({ check, port }, { check: made, service }) => {
  if (check.type !== 'ping') return [];
  const { saysNothing } = service;
  const isClosed = saysNothing?.reason === 'connect_refused';
  const seen = isClosed ? ` Nothing listens on its TCP port ${port} now, and the ping passes all the same.` : '';
  return [
    {
      code: 'ping_says_nothing_of_service',
      certainty: 'certain',
      summary: `The check only pings: a host answers that even when its service is down.${seen}`,
      evidence: [...(made?.evidence ?? []), ...evidenceOf(saysNothing)],
      yaml: checkLines(
        { type: isClosed ? 'udp' : 'tcp' },
        isClosed ? 'or tcp, http or https, as the service is' : 'or http, https or udp, as the service is',
      ),
    },
  ];
};

const silenceAsPass: Rule = ({ check }, { check: made }) => {
  const udp = (check.options['udp'] ?? {}) as { readonly expect?: unknown };
  if (check.type !== 'udp' || udp.expect !== undefined) return [];
  return [
    {
      code: 'ping_says_nothing_of_service',
      certainty: 'likely',
      summary:
        'Silence passes this UDP check: a service that hangs is healthy for it, and so is a closed port where a firewall or icmp_ratelimit keeps back its ICMP errors.',
      evidence: made?.evidence ?? [],
      yaml: checkLines({ udp: { send: 'text:ping', expect: 'text:pong' } }, 'a request of the service, and how its answer begins'),
      advice: 'Send what the service answers, and expect that answer.',
    },
  ];
};

const errorsAccepted: Rule = (subject, { service: { asChecked } }) => {
  if (schemeOf(subject) === undefined) return [];
  const { expected_status } = httpOptionsOf(subject);
  const errors = expected_status.filter(isErrors);
  const isErrorNow = accepted(subject, asChecked) && asChecked.status >= 400 && asChecked.status !== 401;
  if (errors.length === 0 && !isErrorNow) return [];
  const left = expected_status.filter((expression) => !isErrors(expression) && Number(expression) !== asChecked?.status);
  const now = isErrorNow ? ` The answer is HTTP ${asChecked.status} now, and passes.` : '';
  return [
    {
      code: 'errors_count_as_healthy',
      certainty: 'certain',
      summary: `Errors pass this check: its expected_status holds ${(errors.length === 0 ? [asChecked!.status!] : errors).join(', ')}.${now}`,
      evidence: evidenceOf(asChecked),
      yaml: checkLines({ expected_status: left.length === 0 ? ['http_2xx'] : left }),
      advice: 'Where the backend answers the check with an error, fix path, host or method of the check instead.',
    },
  ];
};

/** A whole class or range of errors, or a server's error. A single 4xx is somebody's choice: 401 shows that the login works. */
function isErrors(expression: StatusExpression): boolean {
  const range = statusRange(expression);
  return range !== undefined && range.to >= 400 && (range.to >= 500 || range.from !== range.to);
}

const redirectAccepted: Rule = (subject, { service: { asChecked } }) => {
  if (!accepted(subject, asChecked) || !isRedirect(asChecked)) return [];
  const location = printable(asChecked.headers['location'] ?? '', 120);
  return [
    {
      code: 'redirected',
      certainty: 'likely',
      summary: `The check passes by a redirect (HTTP ${asChecked.status} to ${location}), which says little of the page behind it.`,
      evidence: evidenceOf(asChecked),
      yaml: checkLines({ expected_status: ['http_2xx'] }, 'and the path, host or type that the redirect leads to'),
    },
  ];
};

const scriptPath = /\.(php\d?|jspx?|aspx?|cgi|pl|do|action|cfm)$/i;
const largeBytes = 100_000;

const dynamicPage: Rule = (subject, { service: { asChecked } }) => {
  if (schemeOf(subject) === undefined || !accepted(subject, asChecked)) return [];
  const { method, path } = httpOptionsOf(subject);
  const { headers } = asChecked;
  const [file = '', query] = path.split('?', 2);
  const length = /^\d{1,15}$/.test(headers['content-length'] ?? '') ? Number(headers['content-length']) : 0;
  const isPage = /^text\/html/i.test(headers['content-type'] ?? '');
  const signs: readonly (readonly [certainty: Certainty, sign: string] | false)[] = [
    scriptPath.test(file) && ['likely', 'its path is that of a script'],
    headers['set-cookie'] !== undefined && ['likely', 'each check is given a cookie, and perhaps a session'],
    method === 'GET' && length > largeBytes && ['likely', `each answer has ${length} bytes`],
    query !== undefined && ['possible', 'its path has a query'],
    isPage && /no-store/i.test(headers['cache-control'] ?? '') && ['possible', 'the page may not be stored'],
  ];
  const found = signs.filter((sign) => sign !== false);
  if (found.length === 0) return [];
  return [
    {
      code: 'dynamic_page',
      certainty: found.some(([certainty]) => certainty === 'likely') ? 'likely' : 'possible',
      summary: `The check page ${file} seems to be made anew for every check: ${found.map(([, sign]) => sign).join('; ')}.`,
      evidence: evidenceOf(asChecked),
      yaml:
        method === 'GET' && length > largeBytes
          ? checkLines({ method: 'HEAD' })
          : checkLines({ path: '/health.html' }, 'a small static file on the backend'),
    },
  ];
};

const tcpOnTls: Rule = ({ check, checkPort }, { check: made, service: { withTls } }) => {
  if (check.type !== 'tcp' || withTls === undefined || Number.isNaN(withTls.tlsMs)) return [];
  const isHalfOpen = made?.outcomes.some(({ method }) => method === 'syn') ?? false;
  const harm = isHalfOpen
    ? 'a half-open check does not disturb it, but sees only that the port is open'
    : 'a connection without a handshake is an error in its log each time, and shows only that the port is open';
  return [
    {
      code: 'tcp_check_on_tls_port',
      certainty: isHalfOpen ? 'possible' : 'certain',
      summary: `Port ${checkPort} speaks TLS: ${harm}.`,
      evidence: evidenceOf(withTls),
      yaml: withTls.end === 'answered' ? checkLines({ type: 'https' }) : checkLines({ tcp: { method: 'syn' } }, 'needs CAP_NET_RAW'),
    },
  ];
};

/** Clients look at what the check does not. */
const expiredCertificate: Rule = (subject, facts) => {
  const { asChecked, withTls } = facts.service;
  const { certificate, evidence } = asChecked?.certificate === undefined ? (withTls ?? {}) : asChecked;
  if (certificate === undefined || evidence === undefined || !passes(subject, facts) || evidence.at <= certificate.validTo) return [];
  return [
    {
      code: 'tls_certificate_problem',
      certainty: 'likely',
      summary: `The check does not look at the certificate (tls.verify: false), which has expired on ${day(certificate.validTo)}: ${certificate.subject}.`,
      evidence: [evidence],
    },
  ];
};

export const trapRules: readonly Rule[] = [
  pingAlone,
  silenceAsPass,
  errorsAccepted,
  redirectAccepted,
  dynamicPage,
  tcpOnTls,
  expiredCertificate,
].map(ifHealthy);
