/** IP addresses as the kernel wants them. */
import { SocketAddress, isIPv4 } from 'node:net';
import type { Family } from '../target.js';

export const AF_INET = 2;
export const AF_INET6 = 10;

/** @param address valid IPv4 text */
export function ipv4Number(address: string): number {
  const parts = address.split('.');
  return ((Number(parts[0]) << 24) | (Number(parts[1]) << 16) | (Number(parts[2]) << 8) | Number(parts[3])) >>> 0;
}

export function ipv4Text(number: number): string {
  return [number >>> 24, (number >>> 16) & 0xff, (number >>> 8) & 0xff, number & 0xff].join('.');
}

/** IPv6 text as the kernel itself writes it (RFC 5952), so that two spellings of one address compare equal. */
export function canonicalAddress(address: string): string {
  return isIPv4(address) ? address : new SocketAddress({ address, family: 'ipv6' }).address;
}

/** The 16 bytes of a valid IPv6 address without zone. */
export function ipv6Bytes(address: string): Buffer {
  const bytes = Buffer.alloc(16);
  const [head = '', tail] = ipv4TailToHex(address).split('::');
  const headGroups = head === '' ? [] : head.split(':');
  const tailGroups = tail === undefined || tail === '' ? [] : tail.split(':');
  headGroups.forEach((group, i) => bytes.writeUInt16BE(parseInt(group, 16), i * 2));
  tailGroups.forEach((group, i) => bytes.writeUInt16BE(parseInt(group, 16), 16 - (tailGroups.length - i) * 2));
  return bytes;
}

/**
 * The bytes of an address as lower-case hexadecimal digits, so that the kernel's binary addresses and written ones
 * compare equal.
 *
 * @param address valid text, with or without a zone
 */
export function addressKey(address: string): string {
  const plain = withoutZone(address);
  return Buffer.from(plain.includes(':') ? ipv6Bytes(plain) : plain.split('.').map(Number)).toString('hex');
}

/** The usual text form of an address that {@link addressKey} spells. */
export function addressOfKey(key: string): string {
  const bytes = Buffer.from(key, 'hex');
  if (bytes.length === 4) return bytes.join('.');
  return canonicalAddress(key.replace(/(.{4})(?=.)/g, '$1:'));
}

/** fe80::1%eth0 → fe80::1 */
export function withoutZone(address: string): string {
  const zone = address.indexOf('%');
  return zone === -1 ? address : address.slice(0, zone);
}

/** `::ffff:10.0.0.1` → `::ffff:a00:1` */
function ipv4TailToHex(address: string): string {
  const lastColon = address.lastIndexOf(':');
  const tail = address.slice(lastColon + 1);
  if (!isIPv4(tail)) return address;
  const number = ipv4Number(tail);
  return `${address.slice(0, lastColon + 1)}${(number >>> 16).toString(16)}:${(number & 0xffff).toString(16)}`;
}

/** sockaddr_in or sockaddr_in6, host byte order for the family field (Linux is little-endian where vitald runs, but both are written right). */
export function sockaddr(family: Family, address: string, port: number): Buffer {
  const native = new Uint16Array([family === 4 ? AF_INET : AF_INET6]);
  const buffer = Buffer.alloc(family === 4 ? 16 : 28);
  Buffer.from(native.buffer).copy(buffer, 0);
  buffer.writeUInt16BE(port, 2);
  if (family === 4) buffer.writeUInt32BE(ipv4Number(address), 4);
  else ipv6Bytes(address).copy(buffer, 8);
  return buffer;
}
