/** What is wrong with the request: its method, its Host, its path, its version, its login. */
import { printable } from '../../../../probes/printable.js';
import { accepted, isSuccess, sure } from '../judge.js';
import { checkLines, expectedToo } from '../proposal.js';
import { hostOfCheck, httpOptionsOf, schemeOf } from '../requests.js';
import type { Conclusion } from '../../step.js';
import { endOf, evidenceOf, type Case, type Explain } from './explain.js';

const refusesMethod = [405, 501];

export const methodUnsupported: Explain = ({ subject, facts, service, own }) => {
  const { otherMethod, repeated } = service;
  if (otherMethod?.status === undefined) return [];
  const { method } = httpOptionsOf(subject);
  const other = method === 'GET' ? 'HEAD' : 'GET';
  const helps = accepted(subject, otherMethod);
  const says = refusesMethod.includes(own.status ?? 0) && !refusesMethod.includes(otherMethod.status);
  // An answer to the one and none to the other is the method's doing, too, even where the answer is not the right one.
  const answersOnly = own.end !== 'answered';
  if (!helps && !says && !answersOnly) return [];
  const next = helps ? '' : `, which the check does not accept either: that is the next thing to look at`;
  return [
    {
      code: 'method_unsupported',
      certainty: helps || says ? sure(subject, facts) : 'likely',
      summary: `The backend does not serve ${method} here: ${method} gets ${endOf(own)}, ${other} gets HTTP ${otherMethod.status}${next}.`,
      evidence: evidenceOf(own, otherMethod, repeated),
      yaml: checkLines({ method: other }),
    },
  ];
};

export const hostNeeded: Explain = ({ subject, facts, service, own }) => {
  const known = (service.otherHosts ?? []).find(({ host, exchange }) => host !== undefined && accepted(subject, exchange));
  if (known?.host === undefined) return [];
  return [
    {
      code: 'host_header_needed',
      certainty: sure(subject, facts),
      summary: `The backend does not know the name ${hostOfCheck(subject)} in Host: it answers ${endOf(own)}, and HTTP ${known.exchange.status} to the name ${known.host}.`,
      evidence: evidenceOf(own, known.exchange, service.repeated),
      yaml: checkLines({ host: known.host }),
    },
  ];
};

/** 404 and 410: the page is not there, or not on the site that the name in Host leads to. */
export const pageMissing: Explain = (failing) => {
  const { subject, facts, service, own } = failing;
  if (own.status !== 404 && own.status !== 410) return [];
  const { path, host } = httpOptionsOf(subject);
  const { root } = service;
  const evidence = evidenceOf(own, root, service.otherMethod, ...(service.otherHosts ?? []).map((tried) => tried.exchange));
  if (root?.status !== undefined && root.status !== own.status && root.status < 500) {
    const summary = `The page ${path} does not exist on the backend (HTTP ${own.status}); the path / is answered with HTTP ${root.status}.`;
    const yaml = checkLines(
      { path: isSuccess(root) ? '/' : '/health' },
      isSuccess(root) ? 'or the right path of the check page' : 'the right path',
    );
    return [{ code: 'path_not_found', certainty: isSuccess(root) ? sure(subject, facts) : 'likely', summary, evidence, yaml }];
  }
  const wrongPath: Conclusion = {
    code: 'path_not_found',
    certainty: host === undefined ? 'possible' : 'likely',
    summary: `Neither ${path}${path === '/' ? '' : ' nor /'} exists on the site ${hostOfCheck(subject)} (HTTP ${own.status}); the application may have its check page elsewhere.`,
    evidence,
    yaml: checkLines({ path: '/health' }, 'the path of the check page'),
  };
  const wrongHost = unknownName(failing, host === undefined ? 'likely' : 'possible', evidence);
  return host === undefined ? [wrongHost, wrongPath] : [wrongPath, wrongHost];
};

/** 400 and 421 to a request that is well-formed. */
export const badRequest: Explain = (failing) => {
  const { subject, own, service } = failing;
  if (own.status !== 400 && own.status !== 421) return [];
  const evidence = evidenceOf(own, ...(service.otherHosts ?? []).map((tried) => tried.exchange));
  const isLikely = own.status === 421 || httpOptionsOf(subject).host === undefined;
  return [
    unknownName(failing, isLikely ? 'likely' : 'possible', evidence),
    ...statusItself(failing, isLikely ? 'possible' : 'likely'),
    ...(own.status === 400 ? clientCertificate(failing) : []),
  ];
};

/** nginx finishes the handshake without one, and then answers 400 to every request. */
function clientCertificate({ subject, own }: Case): readonly Conclusion[] {
  if (schemeOf(subject) !== 'https') return [];
  const summary = 'HTTP 400 to every request by TLS is also how some servers demand a client certificate, which vitald does not have.';
  return [{ code: 'login_needed', certainty: 'possible', summary, evidence: evidenceOf(own), yaml: checkLines({ type: 'tcp' }) }];
}

function unknownName({ subject, own }: Case, certainty: Conclusion['certainty'], evidence: Conclusion['evidence']): Conclusion {
  const { host } = httpOptionsOf(subject);
  const sent =
    host === undefined ? `the check names no site, only the address ${hostOfCheck(subject)}` : `the check names the site ${host}`;
  return {
    code: 'host_header_needed',
    certainty,
    summary: `The backend answers HTTP ${own.status}, and ${sent}: it may be the answer of its default site, which is not the one that is meant.`,
    evidence,
    yaml: checkLines({ host: 'www.example.com' }, 'the name of the site'),
    advice: 'Put the name under which clients know the site in the place of www.example.com.',
  };
}

/** The status is what it is, and the check does not expect it. */
export function statusItself({ subject, own, service }: Case, certainty: Conclusion['certainty']): readonly Conclusion[] {
  const { expected_status } = httpOptionsOf(subject);
  const status = own.status!;
  const expected = expected_status.length === 0 ? 'http_2xx' : expected_status.join(', ');
  return [
    {
      code: 'status_not_expected',
      certainty,
      summary: `The backend answers HTTP ${status}, and the check expects ${expected}.`,
      evidence: evidenceOf(own, service.root, service.otherMethod),
      yaml: checkLines(
        expectedToo(subject, status),
        status < 400 ? undefined : `only where ${status} is the answer of a healthy application`,
      ),
      ...(status === 429 && {
        advice: 'The backend limits how often it may be asked: let it except the checks’ source, or raise the interval.',
      }),
    },
  ];
}

export const loginNeeded: Explain = ({ subject, facts, service, own }) => {
  const { status } = own;
  if (status !== 401 && status !== 403 && status !== 407) return [];
  const { path, headers } = httpOptionsOf(subject);
  const { root } = service;
  const hasLogin = Object.keys(headers).some((name) => /^(authorization|cookie|x-api-key)$/i.test(name));
  const scheme = own.headers['www-authenticate'];
  const asks = scheme === undefined ? '' : `, it asks for ${printable(scheme, 60)}`;
  const summary = hasLogin
    ? `The backend refuses the login of the check: HTTP ${status} for ${path}${asks}.`
    : `The page ${path} needs a login (HTTP ${status}${asks}), and the check has none.`;
  const isFree = path !== '/' && isSuccess(root);
  return [
    {
      code: 'login_needed',
      // 403 is also what an access list says to an address, and a server to a folder without an index.
      certainty: status === 403 ? 'likely' : sure(subject, facts),
      summary:
        status === 403 && !hasLogin ? `The backend forbids the page ${path} to the check (HTTP 403): a login, or an access list.` : summary,
      evidence: evidenceOf(own, root),
      yaml: isFree
        ? checkLines({ path: '/' }, 'or another page without a login')
        : checkLines(expectedToo(subject, status), `if ${status} shows well enough that the application works`),
    },
  ];
};

export const versionRefused: Explain = ({ subject, facts, service, own }) => {
  const { otherVersion } = service;
  if (!accepted(subject, otherVersion)) return [];
  const { http_version } = httpOptionsOf(subject);
  const other = http_version === '1.1' ? '1.0' : '1.1';
  return [
    {
      code: own.end === 'answered' ? 'status_not_expected' : 'closes_without_answer',
      certainty: sure(subject, facts),
      summary: `The backend does not serve HTTP/${http_version}: it answers with ${endOf(own)}, and with HTTP ${otherVersion.status} to HTTP/${other}.`,
      evidence: evidenceOf(own, otherVersion, service.repeated),
      yaml: checkLines({ http_version: other }),
    },
  ];
};

const gateway = [502, 503, 504];

export const applicationError: Explain = ({ subject, facts, service, own }) => {
  const { status } = own;
  if (status === undefined || status < 500) return [];
  const { path } = httpOptionsOf(subject);
  const { root } = service;
  const isPage = isSuccess(root) ? `; the path / is answered with HTTP ${root!.status}, so that it is this page that fails` : '';
  const behind = gateway.includes(status)
    ? ' That is what a proxy says when the application behind it does not answer, or an application that knows it is not ready.'
    : '';
  return [
    {
      code: 'application_error',
      certainty: sure(subject, facts),
      summary: `The application on the backend answers ${path} with an error, HTTP ${status}${isPage}.${behind}`,
      evidence: evidenceOf(own, service.otherMethod, root, service.repeated),
      advice: 'A check page that depends on a shared database takes every backend out at once.',
    },
  ];
};

export const otherStatus: Explain = (failing) =>
  failing.own.end === 'answered' && !accepted(failing.subject, failing.own)
    ? statusItself(failing, sure(failing.subject, failing.facts))
    : [];
