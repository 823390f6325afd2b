/** TLS where the check has none, none where it has it, handshakes and certificates that fail. */
import { accepted, answeredPlainly } from '../judge.js';
import { checkLines } from '../proposal.js';
import { httpOptionsOf, schemeOf } from '../requests.js';
import type { Conclusion } from '../../step.js';
import type { Certificate } from '../facts.js';
import { evidenceOf, endOf, type Case, type Explain } from './explain.js';

export const plainCheckOnTlsPort: Explain = ({ subject, service, own }) => {
  const { withTls } = service;
  if (schemeOf(subject) !== 'http' || withTls === undefined || Number.isNaN(withTls.tlsMs)) return [];
  const next = accepted(subject, withTls) ? '' : `; with TLS the same request gets ${endOf(withTls)}, which is the next thing to look at`;
  return [
    {
      code: 'plain_check_on_tls_port',
      certainty: 'certain',
      summary: `Port ${subject.checkPort} speaks TLS, and the check asks in plain HTTP (it got ${endOf(own)})${next}.`,
      evidence: evidenceOf(own, withTls),
      yaml: checkLines({ type: 'https' }),
    },
  ];
};

export const tlsCheckOnPlainPort: Explain = ({ subject, service, own }) => {
  const { withoutTls } = service;
  if (withoutTls?.end !== 'answered' || own.end !== 'tls_failed') return [];
  // A TLS port may answer a plain request with 400, too: then only the bytes that came to the handshake decide.
  const isPlain = answeredPlainly(own) || withoutTls.status !== 400;
  const next = accepted(subject, withoutTls) ? '' : ', which is the next thing to look at';
  return [
    {
      code: 'tls_check_on_plain_port',
      certainty: isPlain ? 'certain' : 'likely',
      summary: `Port ${subject.checkPort} speaks plain HTTP, and the check asks with TLS; without TLS the same request gets ${endOf(withoutTls)}${next}.`,
      evidence: evidenceOf(own, withoutTls),
      yaml: checkLines({ type: 'http' }),
    },
  ];
};

export const certificateRefused: Explain = ({ subject, own }) => {
  const { certificate } = own;
  if (own.reason !== 'tls_certificate_invalid' || certificate === undefined) return [];
  const { tls, host } = httpOptionsOf(subject);
  const isOtherName = certificate.error === 'ERR_TLS_CERT_ALTNAME_INVALID';
  const name = certificate.names.find((each) => !each.startsWith('*'));
  const conclusion: Conclusion = {
    code: 'tls_certificate_problem',
    certainty: 'certain',
    summary: `The check verifies the backend’s certificate, and ${own.detail}: ${describe(certificate)}.`,
    evidence: evidenceOf(own),
  };
  if (isOtherName && name !== undefined) {
    const asked = tls.server_name ?? host;
    const advice =
      asked === undefined
        ? 'The check names no server, so that the backend shows its default certificate, and that is held against the address: name the site that the backend serves.'
        : `Either the certificate lacks ${asked}, or the check asks for the wrong name.`;
    return [{ ...conclusion, advice, yaml: checkLines({ tls: { ...tls, server_name: name } }) }];
  }
  return [{ ...conclusion, advice: certificateAdvice(certificate, own.evidence.at) }];
};

function certificateAdvice({ validTo, validFrom }: Certificate, now: number): string {
  if (now > validTo) return 'Many servers keep the old certificate until they are reloaded.';
  if (now < validFrom) return 'Look at the clock of this machine, and at that of the authority that issued the certificate.';
  return 'It may also be that the backend does not send its whole chain. With tls.verify: false the check does not look at the certificate.';
}

function describe({ subject, issuer, namesShown, validFrom, validTo }: Certificate): string {
  return `subject ${subject}, names ${namesShown}, issued by ${issuer}, valid from ${day(validFrom)} to ${day(validTo)}`;
}

/** Dates in a certificate are the backend's: they may be none. */
export function day(atMs: number): string {
  return Number.isNaN(atMs) ? 'an unreadable date' : new Date(atMs).toISOString().slice(0, 10);
}

export const handshakeFailed: Explain = (failing) => {
  const { subject, own, service } = failing;
  if (own.end !== 'tls_failed' || own.reason === 'tls_certificate_invalid') return [];
  const evidence = evidenceOf(own, service.saysNothing, service.withoutTls);
  if (own.errorCode === 'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED') {
    const summary = 'The backend demands a client certificate, and vitald has none to show.';
    const advice = 'Let the backend answer the check page without one, on a port of its own, or check that the port is open.';
    return [{ code: 'login_needed', certainty: 'certain', summary, evidence, advice, yaml: checkLines({ type: 'tcp' }) }];
  }
  if (own.reason === 'tls_timeout') {
    const summary = `The backend accepts connections on port ${subject.checkPort}, but does not finish the TLS handshake.`;
    return [{ code: 'accepts_but_silent', certainty: 'likely', summary, evidence }];
  }
  return [
    { code: 'closes_without_answer', certainty: 'likely', summary: handshakeSummary(failing), evidence, ...serverNameAdvice(failing) },
  ];
};

function handshakeSummary({ subject, own, service }: Case): string {
  const before = service.saysNothing?.end === 'closed' ? ', and it closes connections on which nothing is said at once, too' : '';
  return `The backend refuses the TLS handshake on port ${subject.checkPort}: ${own.detail}${before}.`;
}

function serverNameAdvice({ subject }: Case): Partial<Conclusion> {
  const { tls, host } = httpOptionsOf(subject);
  if (tls.server_name !== undefined || host !== undefined)
    return { advice: 'Compare protocol versions and ciphers: the check speaks TLS 1.2 and 1.3.' };
  return {
    advice:
      'The check names no server; a backend with several sites may refuse that. Put the name of the site in the place of www.example.com.',
    yaml: checkLines({ tls: { ...tls, server_name: 'www.example.com' } }, 'the name of the site'),
  };
}
