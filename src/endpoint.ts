/** Addresses as they are written in URLs and configurations. */

/** `10.0.0.1`, `[2001:db8::1]`: the host part of a URL (RFC 3986 section 3.2.2). @param host an IP address, or a name */
export function formatHost(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

/** `10.0.0.1:80`, `[2001:db8::1]:80`. @param host an IP address, or a name */
export function formatEndpoint(host: string, port: number): string {
  return `${formatHost(host)}:${port}`;
}
