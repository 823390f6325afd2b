/**
 * Numbers, addresses and ports as intervals, and a logic of three values: a rule of a firewall may hold for all of the
 * check's sources, for none, or for some of them.
 */
import { isIP } from 'node:net';

/** `may`: for some of what is asked about, or not known. */
export type Tri = 'yes' | 'no' | 'may';

export function not(tri: Tri): Tri {
  return tri === 'may' ? 'may' : tri === 'yes' ? 'no' : 'yes';
}

export function and(...tris: readonly Tri[]): Tri {
  if (tris.includes('no')) return 'no';
  return tris.includes('may') ? 'may' : 'yes';
}

export function or(...tris: readonly Tri[]): Tri {
  if (tris.includes('yes')) return 'yes';
  return tris.includes('may') ? 'may' : 'no';
}

/** Both ends belong to it. */
export interface Interval {
  readonly first: bigint;
  readonly last: bigint;
}

export type Family = 4 | 6;

export interface AddressRange extends Interval {
  readonly family: Family;
}

export const one = (value: number | bigint): Interval => ({ first: BigInt(value), last: BigInt(value) });
export const between = (first: number, last: number): Interval => ({ first: BigInt(first), last: BigInt(last) });

/** Whether values that lie somewhere in `values` lie in `allowed`: all of them, none, or some. */
export function within(values: readonly Interval[], allowed: readonly Interval[]): Tri {
  const merged = merge(allowed);
  const each = values.map((value) => {
    if (merged.some(({ first, last }) => first <= value.first && value.last <= last)) return 'yes';
    return merged.some(({ first, last }) => first <= value.last && value.first <= last) ? 'may' : 'no';
  });
  if (each.length === 0 || new Set(each).size > 1) return 'may';
  return each[0]!;
}

/** Joins what touches, so that 10.0.0.0/9 and 10.128.0.0/9 are seen to cover 10.0.0.0/8. */
function merge(intervals: readonly Interval[]): Interval[] {
  const merged: Interval[] = [];
  for (const next of [...intervals].sort((a, b) => (a.first < b.first ? -1 : 1))) {
    const before = merged[merged.length - 1];
    if (before === undefined || next.first > before.last + 1n) merged.push({ first: next.first, last: next.last });
    else merged[merged.length - 1] = { first: before.first, last: next.last > before.last ? next.last : before.last };
  }
  return merged;
}

const bits = (family: Family): bigint => (family === 4 ? 32n : 128n);

export const everyAddress = (family: Family): AddressRange => ({ family, first: 0n, last: (1n << bits(family)) - 1n });

/** An address, ADDRESS/LENGTH, ADDRESS/MASK or FIRST-LAST; undefined for anything else. */
export function addressRange(text: string): AddressRange | undefined {
  const [firstText = '', lastText, ...more] = text.split('-');
  if (more.length > 0) return undefined;
  if (lastText === undefined) return network(firstText);
  const [first, last] = [network(firstText), network(lastText)];
  if (first === undefined || last?.family !== first.family || last.last < first.first) return undefined;
  return { family: first.family, first: first.first, last: last.last };
}

function network(text: string): AddressRange | undefined {
  const [addressText = '', lengthText, ...more] = text.trim().split('/');
  const address = parseAddress(addressText);
  if (address === undefined || more.length > 0) return undefined;
  const length = lengthText === undefined ? bits(address.family) : prefixLength(lengthText, address.family);
  if (length === undefined) return undefined;
  const size = 1n << (bits(address.family) - length);
  const first = (address.value / size) * size;
  return { family: address.family, first, last: first + size - 1n };
}

/** Of a length, or of a mask such as 255.255.0.0. */
function prefixLength(text: string, family: Family): bigint | undefined {
  if (/^\d{1,3}$/.test(text)) return BigInt(text) <= bits(family) ? BigInt(text) : undefined;
  const mask = parseAddress(text);
  if (mask?.family !== family) return undefined;
  const binary = mask.value.toString(2).padStart(Number(bits(family)), '0');
  return /^1*0*$/.test(binary) ? BigInt(binary.indexOf('0') < 0 ? binary.length : binary.indexOf('0')) : undefined;
}

function parseAddress(text: string): { readonly family: Family; readonly value: bigint } | undefined {
  const address = text.trim().replace(/^\[(.*)\]$/, '$1');
  if (isIP(address) === 4) return { family: 4, value: ipv4Value(address) };
  if (isIP(address) !== 6 || address.includes('%')) return undefined;
  // ::ffff:10.0.0.1 is an IPv4 address in the clothes of IPv6 (RFC 4291, 2.5.5.2).
  const value = ipv6Value(address);
  return value >> 32n === 0xffffn ? { family: 4, value: value & 0xffffffffn } : { family: 6, value };
}

const ipv4Value = (text: string): bigint => text.split('.').reduce((value, byte) => value * 256n + BigInt(byte), 0n);

function ipv6Value(text: string): bigint {
  const plain = text.replace(/[\d.]+$/, (tail) => {
    if (!tail.includes('.')) return tail;
    const value = ipv4Value(tail);
    return `${(value >> 16n).toString(16)}:${(value & 0xffffn).toString(16)}`;
  });
  const [head = '', tail] = plain.split('::');
  const groups = (part: string): string[] => (part === '' ? [] : part.split(':'));
  const [left, right] = [groups(head), groups(tail ?? '')];
  const zeros: string[] = new Array<string>(tail === undefined ? 0 : 8 - left.length - right.length).fill('0');
  return [...left, ...zeros, ...right].reduce((value, group) => value * 65536n + BigInt(`0x${group}`), 0n);
}

/** An address as people write it; IPv6 in full groups without leading zeros. */
export function addressText(family: Family, value: bigint): string {
  if (family === 4) return [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 255n).join('.');
  const groups = [112n, 96n, 80n, 64n, 48n, 32n, 16n, 0n].map((shift) => ((value >> shift) & 0xffffn).toString(16)).join(':');
  return groups.replace(/(?:^|:)0(?::0)+(?::|$)/, '::');
}

export const isLoopback = (text: string): boolean => {
  const range = addressRange(text);
  if (range === undefined) return false;
  return range.family === 4 ? range.first >> 24n === 127n : range.first === 1n;
};
