/** Names that the backend may know itself by. */
import type { Facts } from '../facts.js';
import type { Subject } from '../subject.js';
import { canBeHost } from './proposal.js';
import { addressAsHost, hostOfCheck, httpOptionsOf } from './requests.js';
import { redirectTarget } from './redirect.js';

const maxCandidates = 4;

/**
 * Others than the check's own: the name that its TLS asks for, those in the backend's certificate, the one that a
 * redirect leads to, the address, `localhost` (which frameworks often allow by default).
 *
 * @returns at most {@link maxCandidates} names, then undefined: no Host at all
 */
export function hostCandidates(subject: Subject, { service }: Facts): readonly (string | undefined)[] {
  const { tls } = httpOptionsOf(subject);
  const certificate = service.asChecked?.certificate ?? service.withTls?.certificate;
  const names = [
    tls.server_name,
    addressAsHost(subject),
    redirectTarget(subject, service.asChecked)?.host,
    ...(certificate?.names ?? []).filter((name) => !name.startsWith('*')).slice(0, 2),
    'localhost',
  ].filter((name) => name !== undefined && canBeHost(name) && name !== hostOfCheck(subject));
  return [...[...new Set(names)].slice(0, maxCandidates), undefined];
}
