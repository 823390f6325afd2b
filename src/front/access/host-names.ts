/**
 * DNS rebinding: a web page whose name is made to point to this address is, to the browser, of the same origin as the
 * API, and could ask it whatever the person in front of the browser could. What gives it away is its name, in `Host`.
 *
 * Only for requests that carry no credentials: a browser sends those to the origin alone that it got them for.
 */
import { isIP } from 'node:net';

/**
 * @param host the header; undefined only in HTTP/1.0, which no browser speaks
 * @param names in lower case
 */
export function isOwnName(host: string | undefined, names: readonly string[]): boolean {
  if (host === undefined) return true;
  const name = nameIn(host);
  // Web pages are of names with a dot; others are of the local network, as `vitald` in a container's or `localhost`.
  return isIP(name) !== 0 || !name.includes('.') || name.endsWith('.localhost') || names.includes(name);
}

function nameIn(host: string): string {
  const bracketed = /^\[([^\]]*)\]/.exec(host);
  const name = bracketed?.[1] ?? host.replace(/:\d*$/, '');
  return name.toLowerCase().replace(/\.$/, '');
}
