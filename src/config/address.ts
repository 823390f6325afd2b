/** IP addresses and ports as they are written in the file. Every refusal says what to write instead. */
import { isIPv4, isIPv6 } from 'node:net';
import ipaddr from 'ipaddr.js';
import { formatEndpoint } from '../endpoint.js';
import type { Family } from '../probes/probe.js';
import { quotedIfHarmless } from './quoting.js';

export interface Address {
  /** In its usual text form (IPv6: RFC 5952). */
  readonly address: string;
  readonly family: Family;
}

/** Why something is refused, for people. */
export class Refusal {
  constructor(readonly message: string) {}
}

/** @returns the address of one machine */
export function parseAddress(text: string): Address | Refusal {
  if (isIPv4(text)) return refusedIPv4(text) ?? { address: text, family: 4 };
  if (text.includes('%'))
    return new Refusal(`${quotedIfHarmless(text)} has a zone; write the address alone, and the network interface as check.interface`);
  if (isIPv6(text)) return parseIPv6(text);
  if (/^\[.*\]$/.test(text)) return new Refusal(`${quotedIfHarmless(text)} has brackets; they are only needed before a port`);
  if (/^[0-9]+(\.[0-9]+){3}$/.test(text)) return new Refusal(`${quotedIfHarmless(text)} is not an IPv4 address: ${wrongPart(text)}`);
  if (/^[0-9.]+\/[0-9]+$|^[0-9a-fA-F:]+\/[0-9]+$/.test(text))
    return new Refusal(`${quotedIfHarmless(text)} is a network; write the address of one machine`);
  if (/[a-zA-Z]/.test(text) && !text.includes(':')) {
    return new Refusal(
      `${quotedIfHarmless(text)} is not an IP address; names are not resolved, because a health check must know which machine it judges: write its address`,
    );
  }
  const endpoint = unbracketedEndpoint(text);
  if (endpoint !== undefined) {
    return new Refusal(
      `${quotedIfHarmless(text)} is not an IPv6 address; if ${endpoint.port} is a port, write brackets: ${formatEndpoint(endpoint.address, endpoint.port)}`,
    );
  }
  return new Refusal(`${quotedIfHarmless(text)} is not an IP address, such as 10.0.0.1 or 2001:db8::1`);
}

function parseIPv6(text: string): Address | Refusal {
  const parsed = ipaddr.IPv6.parse(text);
  const kind = parsed.range();
  if (kind === 'ipv4Mapped')
    return new Refusal(`${quotedIfHarmless(text)} is an IPv4 address in IPv6 form; write ${parsed.toIPv4Address().toString()}`);
  if (kind === 'unspecified') return new Refusal(`${quotedIfHarmless(text)} is no machine's address (unspecified)`);
  if (kind === 'multicast') return new Refusal(`${quotedIfHarmless(text)} is a multicast address; write the address of one machine`);
  return { address: parsed.toRFC5952String(), family: 6 };
}

function refusedIPv4(text: string): Refusal | undefined {
  const first = Number(text.slice(0, text.indexOf('.')));
  if (first === 0) return new Refusal(`${quotedIfHarmless(text)} is no machine's address (unspecified)`);
  if (text === '255.255.255.255')
    return new Refusal(`${quotedIfHarmless(text)} is the broadcast address; write the address of one machine`);
  if (first >= 224 && first <= 239)
    return new Refusal(`${quotedIfHarmless(text)} is a multicast address; write the address of one machine`);
  if (first >= 240) return new Refusal(`${quotedIfHarmless(text)} is in a reserved range; write the address of one machine`);
  return undefined;
}

function wrongPart(text: string): string {
  const part = text.split('.').find((p) => Number(p) > 255 || /^0[0-9]/.test(p))!;
  return Number(part) > 255 ? `${part} is above 255` : `${part} has a leading zero, which some read as octal`;
}

/** An address with a port, or without. */
export interface Endpoint {
  readonly address: string;
  readonly port: number | undefined;
}

/** Takes ADDRESS, ADDRESS:PORT, [IPV6], [IPV6]:PORT apart; the address is not looked at yet. */
export function splitEndpoint(text: string): Endpoint | Refusal {
  const bracketed = /^\[([^\]]*)\](?::(.*))?$/s.exec(text);
  if (bracketed !== null) return withPort(bracketed[1]!, bracketed[2], text);
  const colon = text.indexOf(':');
  if (colon === -1) return { address: text, port: undefined };
  // Two colons and more without brackets: IPv6 without a port, as people write it.
  if (text.includes(':', colon + 1)) return { address: text, port: undefined };
  return withPort(text.slice(0, colon), text.slice(colon + 1), text);
}

function withPort(address: string, port: string | undefined, whole: string): Endpoint | Refusal {
  if (port === undefined) return { address, port: undefined };
  if (/^(0|[1-9][0-9]{0,4})$/.test(port) && Number(port) <= 65535) return { address, port: Number(port) };
  const name = `the port of ${quotedIfHarmless(whole)}`;
  if (/^0[0-9]{1,6}$/.test(port)) return new Refusal(`${name} has leading zeros, which some read as octal; write ${Number(port)}`);
  return new Refusal(`${name} is ${describePort(port)}; allowed: 1 to 65535`);
}

/** A password stands there in `user:password`. */
function describePort(port: string): string {
  if (port === '') return 'empty';
  return /^-?[0-9]{1,7}$/.test(port) ? `"${port}"` : 'not a number';
}

/**
 * The IPv6 address and port that a text without brackets may be meant as: `2001:db8::1:8080` is a valid address, but
 * HAProxy reads the same text as the port 8080 of 2001:db8::1.
 *
 * One digit is no port that anybody checks, and usually numbers a host.
 *
 * @returns undefined unless the last group could be a port, and the rest is an address without it
 */
export function unbracketedEndpoint(text: string): { readonly address: string; readonly port: number } | undefined {
  const parts = /^(.+):([1-9][0-9]{1,4})$/.exec(text);
  if (parts === null || !isIPv6(parts[1]!) || Number(parts[2]) > 65535) return undefined;
  return { address: parts[1]!, port: Number(parts[2]) };
}

/**
 * Whether an address is IPv6 link-local, fe80::/10: such an address exists on every link, so that the kernel cannot
 * send to it without a network interface (RFC 4291 2.5.6, RFC 4007 section 6). IPv4 link-local addresses
 * (169.254.0.0/16) have an ordinary route.
 *
 * @param address in the form of RFC 5952
 */
export function isLinkLocal(address: string): boolean {
  return /^fe[89ab][0-9a-f]:/.test(address);
}

/** Whether only this machine itself can reach the address, as it is written in `server.listen`. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'));
}
