/** One match of nftables: a part of the packet, an operator, a value. Source: libnftables-json(5), nft(8). */
import { addressRange, and, between, not, one, or, within, type Interval, type Tri } from '../intervals.js';
import { isObject, type Json } from './json.js';
import { chainKey, type Match } from './model.js';
import { tcpFlags, type Packet } from './packet.js';

/** Elements of sets and maps by table and name. */
export type Sets = ReadonlyMap<string, readonly Json[]>;

export const unknownMatch = (about: string): Match => ({ about, test: () => 'may' });

/** A part of a packet: numbers, or one of several words; undefined: packets of this kind have no such part. */
interface Part {
  readonly about: string;
  readonly of: (packet: Packet) => readonly Interval[] | readonly string[] | undefined;
}

/** @param match `{ op, left, right }` */
export function matchOf(match: Readonly<Record<string, Json>>, table: string, sets: Sets): Match {
  const { op, left, right } = match;
  if (isObject(left) && Array.isArray(left['concat'])) return concatenation(left['concat'] as Json[], op, right, table, sets);
  if (isFlags(left)) return flagsMatch(right, op, right);
  if (isObject(left) && Array.isArray(left['&']) && isFlags(left['&'][0])) return flagsMatch(left['&'][1], op, right);
  // A check’s packet has none of the extension headers that a rule may ask for.
  if (isObject(left) && 'exthdr' in left) return { about: 'extension headers', test: () => (right === false ? 'yes' : 'no') };
  if (isReversePath(left)) return { about: 'the reverse path', test: () => (op === '==' ? 'no' : 'yes') };
  const part = partOf(left);
  if (part === undefined) return unknownMatch(`something that is not understood here (${JSON.stringify(left)})`);
  const values = valuesOf(right, table, sets);
  return {
    about: part.about,
    test(packet) {
      const here = part.of(packet);
      // A rule about what the packet does not have never holds, with whatever operator.
      return here === undefined ? 'no' : compare(here, op, values);
    },
  };
}

const isFlags = (left: Json): boolean =>
  isObject(left) && isObject(left['payload']) && left['payload']['protocol'] === 'tcp' && left['payload']['field'] === 'flags';

/** `fib saddr . iif oif missing` and its like. Routes back are looked at by themselves, so here they count as present. */
function isReversePath(left: Json): boolean {
  if (!isObject(left) || !isObject(left['fib'])) return false;
  const { result, flags } = left['fib'];
  return (result === 'oif' || result === 'check') && Array.isArray(flags) && flags.includes('saddr');
}

function compare(here: readonly Interval[] | readonly string[], op: Json, values: readonly Json[]): Tri {
  const equal = (allowed: readonly Json[]): Tri => (isWords(here) ? wordsAmong(here, allowed) : within(here, allowed.flatMap(intervalsOf)));
  switch (op) {
    case '==':
    case 'in':
      return equal(values);
    case '!=':
      return not(equal(values));
    case '<':
    case '<=':
    case '>':
    case '>=':
      return isWords(here)
        ? 'may'
        : within(
            here,
            values.flatMap(intervalsOf).map((interval) => beyond(op, interval)),
          );
    default:
      return 'may';
  }
}

const isWords = (values: readonly Interval[] | readonly string[]): values is readonly string[] => typeof values[0] === 'string';
const highest = 1n << 128n;

function beyond(op: '<' | '<=' | '>' | '>=', { first, last }: Interval): Interval {
  if (op === '<') return { first: 0n, last: first - 1n };
  if (op === '<=') return { first: 0n, last };
  return { first: op === '>' ? last + 1n : first, last: highest };
}

/** @param here what the word may be; empty: not known */
function wordsAmong(here: readonly string[], allowed: readonly Json[]): Tri {
  const patterns = allowed.map((word) => canonical(String(word)));
  const fits = (word: string): boolean =>
    patterns.some((pattern) => (pattern.endsWith('*') ? word.startsWith(pattern.slice(0, -1)) : pattern === word));
  const hits = here.filter((word) => fits(canonical(word))).length;
  if (here.length === 0) return 'may';
  return hits === here.length ? 'yes' : hits === 0 ? 'no' : 'may';
}

/** Protocols have names and numbers (IANA). */
const synonyms: Readonly<Record<string, string>> = {
  '1': 'icmp',
  '6': 'tcp',
  '17': 'udp',
  '58': 'icmpv6',
  'ipv6-icmp': 'icmpv6',
  '2': 'ipv4',
  '10': 'ipv6',
};
const canonical = (word: string): string => synonyms[word] ?? word;

function intervalsOf(value: Json): Interval[] {
  if (typeof value === 'number') return [{ first: BigInt(value), last: BigInt(value) }];
  if (typeof value === 'string') {
    const range = /^\d+$/.test(value) ? { first: BigInt(value), last: BigInt(value) } : addressRange(value);
    return range === undefined ? [] : [range];
  }
  if (!isObject(value)) return [];
  if (Array.isArray(value['range'])) {
    const [first, last] = (value['range'] as Json[]).map((end) => intervalsOf(end)[0]);
    return first === undefined || last === undefined ? [] : [{ first: first.first, last: last.last }];
  }
  const prefix = value['prefix'];
  if (!isObject(prefix)) return [];
  const range = addressRange(`${String(prefix['addr'])}/${String(prefix['len'])}`);
  return range === undefined ? [] : [range];
}

/** The values on the right side, without the boxes that sets, lists and elements come in. */
function valuesOf(right: Json, table: string, sets: Sets): Json[] {
  if (typeof right === 'string' && right.startsWith('@')) {
    const elements = sets.get(chainKey(table, right.slice(1))) ?? [];
    return elements.flatMap((element) => valuesOf(Array.isArray(element) ? element[0] : element, table, sets));
  }
  if (Array.isArray(right)) return (right as Json[]).flatMap((value) => valuesOf(value, table, sets));
  if (isObject(right) && 'set' in right) return valuesOf(right['set'], table, sets);
  if (isObject(right) && isObject(right['elem'])) return valuesOf(right['elem']['val'], table, sets);
  return [right];
}

function partOf(left: Json): Part | undefined {
  if (!isObject(left)) return undefined;
  if (isObject(left['payload'])) return payloadPart(String(left['payload']['protocol']), String(left['payload']['field']));
  if (isObject(left['meta'])) return metaPart(String(left['meta']['key']));
  if (isObject(left['ct'])) return trackingPart(String(left['ct']['key']));
  // A mask leaves of 0 what it is: no mark, no fragment.
  if (Array.isArray(left['&'])) return isZeroUnmasked(left['&'][0]) ? partOf(left['&'][0]) : undefined;
  if (isObject(left['tcp option']) && left['tcp option']['name'] === 'maxseg')
    return { about: 'the segment size', of: () => [between(536, 65_535)] };
  if (isObject(left['fib']) && left['fib']['result'] === 'type' && Array.isArray(left['fib']['flags'])) {
    const toHere = left['fib']['flags'].includes('daddr');
    return {
      about: 'the kind of an address',
      of: ({ inInterfaces, state }) => [toHere === (state === 'new' || inInterfaces.length > 0) ? 'local' : 'unicast'],
    };
  }
  return undefined;
}

const protocolName = ({ protocol, family }: Packet): string => (protocol === 'icmp' && family === 6 ? 'icmpv6' : protocol);

function payloadPart(protocol: string, field: string): Part | undefined {
  switch (`${protocol} ${field}`) {
    case 'ip saddr':
    case 'ip6 saddr':
      return { about: 'the source address', of: (packet) => (hasHeader(packet, protocol) ? packet.sources : undefined) };
    case 'ip daddr':
    case 'ip6 daddr':
      return { about: 'the destination address', of: (packet) => (hasHeader(packet, protocol) ? packet.destinations : undefined) };
    case 'ip frag-off':
      return { about: 'fragments', of: (packet) => (hasHeader(packet, protocol) ? [one(0)] : undefined) };
    case 'ip protocol':
    case 'ip6 nexthdr':
      return { about: 'the protocol', of: (packet) => (hasHeader(packet, protocol) ? [protocolName(packet)] : undefined) };
    case 'tcp sport':
    case 'udp sport':
    case 'th sport':
      return { about: 'the source port', of: (packet) => (hasPorts(packet, protocol) ? packet.sourcePorts : undefined) };
    case 'tcp dport':
    case 'udp dport':
    case 'th dport':
      return { about: 'the destination port', of: (packet) => (hasPorts(packet, protocol) ? packet.destinationPorts : undefined) };
    case 'icmp type':
    case 'icmpv6 type':
      return { about: 'the ICMP type', of: (packet) => (protocolName(packet) === protocol ? [packet.icmpType] : undefined) };
    default:
      return undefined;
  }
}

const hasHeader = (packet: Packet, protocol: string): boolean => packet.family === (protocol === 'ip' ? 4 : 6);
const hasPorts = (packet: Packet, protocol: string): boolean =>
  packet.protocol !== 'icmp' && (protocol === 'th' || protocol === packet.protocol);

/** Marks are numbers of 32 bits. */
const markOf = ({ mayBeMarked }: Packet): readonly Interval[] => [mayBeMarked ? between(0, 2 ** 32 - 1) : one(0)];

function trackingPart(key: string): Part | undefined {
  switch (key) {
    case 'state':
      return { about: 'the state of the connection', of: ({ state, mayBeUntracked }) => (mayBeUntracked ? [state, 'untracked'] : [state]) };
    case 'status':
      return {
        about: 'the status of the connection',
        of: ({ state, isTranslated }) => (state === 'new' ? [isTranslated ? 'dnat' : 'none'] : []),
      };
    case 'direction':
      return { about: 'the direction of the connection', of: ({ state }) => [state === 'new' ? 'original' : 'reply'] };
    case 'mark':
      return { about: 'a mark', of: markOf };
    default:
      return undefined;
  }
}

/** `meta mark`, `ct mark`, `ip frag-off` */
function isZeroUnmasked(left: Json): boolean {
  if (!isObject(left)) return false;
  const [part] = Object.values(left);
  return isObject(part) && (part['key'] === 'mark' || part['field'] === 'frag-off');
}

function metaPart(key: string): Part | undefined {
  switch (key) {
    case 'l4proto':
      return { about: 'the protocol', of: (packet) => [protocolName(packet)] };
    case 'nfproto':
      return { about: 'the IP version', of: ({ family }) => [family === 4 ? 'ipv4' : 'ipv6'] };
    case 'protocol':
      return { about: 'the IP version', of: ({ family }) => [family === 4 ? 'ip' : 'ip6'] };
    case 'iif':
    case 'iifname':
      return { about: 'the interface that it comes by', of: ({ inInterfaces }) => inInterfaces };
    case 'oif':
    case 'oifname':
      return { about: 'the interface that it leaves by', of: ({ outInterfaces }) => outInterfaces };
    case 'mark':
      return { about: 'a mark', of: markOf };
    case 'pkttype':
      return { about: 'the kind of packet', of: () => ['host'] };
    default:
      return undefined;
  }
}

/** `tcp flags & (fin | syn | rst | ack) == syn`, and `tcp flags syn`: any of these bits. */
function flagsMatch(mask: Json, op: Json, right: Json): Match {
  const masked = flagNames(mask);
  const wanted = flagNames(right);
  return {
    about: 'the flags of TCP',
    test(packet) {
      if (packet.protocol !== 'tcp') return 'no';
      const set = [...tcpFlags(packet)].filter((flag) => masked.has(flag));
      if (op === 'in') return set.some((flag) => wanted.has(flag)) ? 'yes' : 'no';
      const equal = set.length === wanted.size && set.every((flag) => wanted.has(flag));
      return (op === '!=') !== equal ? 'yes' : 'no';
    },
  };
}

function flagNames(value: Json): ReadonlySet<string> {
  if (typeof value === 'string') return new Set([value]);
  if (Array.isArray(value)) return new Set((value as Json[]).flatMap((name) => [...flagNames(name)]));
  if (isObject(value)) return flagNames(value['|'] ?? value['set'] ?? []);
  return new Set();
}

/** `ip saddr . tcp dport { 10.0.0.0/8 . 80 }` */
function concatenation(parts: readonly Json[], op: Json, right: Json, table: string, sets: Sets): Match {
  const tuples = valuesOf(right, table, sets).flatMap((value) =>
    isObject(value) && Array.isArray(value['concat']) ? [value['concat'] as Json[]] : [],
  );
  const rows = tuples.map((tuple) => parts.map((part, i) => matchOf({ op: '==', left: part, right: tuple[i] }, table, sets)));
  const about = [...new Set(rows.flat().map((match) => match.about))].join(' and ');
  return {
    about,
    test(packet) {
      const tri = or(...rows.map((row) => and(...row.map((match) => match.test(packet)))), 'no');
      return op === '!=' ? not(tri) : tri;
    },
  };
}
