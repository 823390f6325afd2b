/**
 * Any page that a browser shows may send a request to here, though it cannot read the answer; where the browser knows a
 * password for the API, or none is needed, that is enough to change something. Browsers say which page it was (Fetch
 * Metadata; `Origin` where they are older).
 */
import type { IncomingHttpHeaders } from 'node:http';

export function isOfOtherSite({ origin, host, 'sec-fetch-site': site }: IncomingHttpHeaders): boolean {
  if (site !== undefined) return site !== 'same-origin' && site !== 'none';
  return origin !== undefined && hostOf(origin) !== host;
}

function hostOf(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined;
}
