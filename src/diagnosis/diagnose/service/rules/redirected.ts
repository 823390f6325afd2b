/** Redirects, which a check does not follow (docs/semantics.md item 20). */
import { printable } from '../../../../probes/printable.js';
import { accepted, isSuccess, sure } from '../judge.js';
import { checkLines, expectedToo } from '../proposal.js';
import { isRedirect, redirectTarget, type RedirectTarget } from '../redirect.js';
import { httpOptionsOf, schemeOf } from '../requests.js';
import type { Subject } from '../../subject.js';
import { evidenceOf, endOf, type Case, type Explain } from './explain.js';

export const redirected: Explain = (failing) => {
  const { subject, facts, service, own } = failing;
  if (!isRedirect(own)) return [];
  const location = own.headers['location'];
  const { path } = httpOptionsOf(subject);
  const leads = location === undefined ? 'and does not say where to' : `to ${printable(location, 120)}`;
  return [
    {
      code: 'redirected',
      certainty: sure(subject, facts),
      summary: `The backend redirects ${path} ${leads} (HTTP ${own.status}), and a check does not follow redirects${further(failing)}.`,
      evidence: evidenceOf(own, service.followed, service.forwarded),
      ...proposal(failing, redirectTarget(subject, own)),
    },
  ];
};

function further({ service, subject, own }: Case): string {
  if (redirectTarget(subject, own)?.isSame === true) return '; it leads to itself, a loop';
  if (service.followed === undefined) return '';
  if (isRedirect(service.followed)) return `; there it is redirected again`;
  if (service.followed.end === 'connect_failed') return '; the backend itself does not listen there';
  return `; there the answer is ${endOf(service.followed)}`;
}

/** What to do, and the lines for it. */
function proposal(failing: Case, target: RedirectTarget | undefined): { advice?: string; yaml: string } {
  const { subject, service, own } = failing;
  const accept = { yaml: checkLines(expectedToo(subject, own.status!), 'if the redirect is proof enough that the application works') };
  if (accepted(subject, service.forwarded)) {
    const yaml = checkLines({ headers: { 'X-Forwarded-Proto': 'https' } });
    const advice =
      'The application wants https, which the balancer before it takes off. Say so in the check, as the balancer does, beside the headers that it has already.';
    return { advice, yaml };
  }
  // What the backend itself does not serve, a check cannot ask of it.
  const isElsewhere = service.followed?.end === 'connect_failed' || service.followed?.end === 'tls_failed';
  if (isElsewhere)
    return { ...accept, advice: 'Perhaps the balancer serves it: then let the backend answer the check page without a redirect.' };
  if (target === undefined || target.isSame || isRedirect(service.followed)) return accept;
  const isBetter = isSuccess(service.followed) || target.scheme !== schemeOf(subject);
  return isBetter ? { yaml: checkLines(changesTo(subject, target)) } : accept;
}

function changesTo(subject: Subject, target: RedirectTarget): Record<string, unknown> {
  const own = httpOptionsOf(subject);
  return {
    ...(target.scheme !== schemeOf(subject) && { type: target.scheme }),
    ...(target.port !== subject.checkPort && { port: target.port }),
    ...(target.path !== own.path && { path: target.path }),
    ...(!target.isSameHost && { host: target.host }),
  };
}
