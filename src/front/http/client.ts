/** Where a request or connection comes from, as far as that tells clients apart. */
import type { Socket } from 'node:net';
import ipaddr from 'ipaddr.js';

/** For people. */
export function shownAddress({ remoteAddress }: Pick<Socket, 'remoteAddress'>): string {
  return remoteAddress ?? 'unix-socket';
}

/** Whoever has one address of an IPv6 network has 2^64 of them: one network is one client. */
export function clientAddress({ remoteAddress }: Pick<Socket, 'remoteAddress'>): string {
  if (remoteAddress === undefined || !remoteAddress.includes(':')) return remoteAddress ?? 'unix-socket';
  const [address = ''] = remoteAddress.split('%');
  if (!ipaddr.IPv6.isValid(address)) return remoteAddress;
  const parsed = ipaddr.IPv6.parse(address);
  return parsed.isIPv4MappedAddress() ? parsed.toIPv4Address().toString() : parsed.parts.slice(0, 4).join(':');
}
