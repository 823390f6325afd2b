/** Where a redirect leads. The Location is the backend's: it is only followed on the backend itself. */
import type { Scheme } from '../../../probes/http/request.js';
import type { Subject } from '../subject.js';
import type { Exchange } from './facts.js';
import { canBeHost, canBePath } from './proposal.js';
import { hostOfCheck, httpOptionsOf, schemeOf } from './requests.js';

export interface RedirectTarget {
  readonly scheme: Scheme;
  /** Name and, where it is not the scheme's own, port. */
  readonly host: string;
  readonly port: number;
  readonly path: string;
  readonly isSameHost: boolean;
  /** It leads to the very request that was made. */
  readonly isSame: boolean;
}

/** @returns undefined where there is no redirect, or none that a check could follow */
export function redirectTarget(subject: Subject, exchange: Exchange | undefined): RedirectTarget | undefined {
  const location = isRedirect(exchange) ? exchange.headers['location'] : undefined;
  const scheme = schemeOf(subject);
  if (location === undefined || scheme === undefined) return undefined;
  const from = `${scheme}://${hostOfCheck(subject)}${httpOptionsOf(subject).path}`;
  const url = URL.canParse(location, from) ? new URL(location, from) : undefined;
  const path = url === undefined ? '' : url.pathname + url.search;
  if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:')) return undefined;
  if (!canBeHost(url.host) || !canBePath(path)) return undefined;
  const isHttps = url.protocol === 'https:';
  const ownPort = isHttps ? 443 : 80;
  const own = new URL(from);
  return {
    scheme: isHttps ? 'https' : 'http',
    host: url.host,
    // The backend may stand behind its balancer on another port than the one that its clients know.
    port: url.port === '' ? (url.protocol === own.protocol ? subject.checkPort : ownPort) : Number(url.port),
    path,
    isSameHost: url.hostname === own.hostname,
    isSame: url.href === own.href,
  };
}

export function isRedirect(exchange: Exchange | undefined): exchange is Exchange & { readonly status: number } {
  return exchange?.status !== undefined && [301, 302, 303, 307, 308].includes(exchange.status);
}
