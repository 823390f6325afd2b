/** The options of one iptables rule. Source: iptables(8), iptables-extensions(8). An option that is not known is `may`. */
import { addressRange, between, not, one, or, within, type Interval, type Tri } from '../intervals.js';
import type { Match } from './model.js';
import { tcpFlags, type Packet } from './packet.js';

export type Words = readonly string[];

export interface RuleOptions {
  readonly matches: readonly Match[];
  readonly target: { readonly name: string; readonly isGoto: boolean } | undefined;
  readonly targetWords: Words;
}

interface Option {
  readonly about: string;
  /** How many words follow. */
  readonly words: number;
  readonly test: (packet: Packet, values: Words) => Tri;
}

const yesIf = (holds: boolean): Tri => (holds ? 'yes' : 'no');
const always: Option = { about: '', words: 1, test: () => 'yes' };

function addresses(about: string, of: (packet: Packet) => readonly Interval[]): Option {
  return {
    about,
    words: 1,
    test: (packet, [list = '']) => {
      const ranges = list.split(',').map(addressRange);
      if (ranges.some((range) => range === undefined)) return 'may';
      return within(
        of(packet),
        ranges.flatMap((range) => (range?.family === packet.family ? [range] : [])),
      );
    },
  };
}

function ports(about: string, of: (packet: Packet) => readonly (readonly Interval[])[]): Option {
  return {
    about,
    words: 1,
    test: (packet, [list = '']) => {
      if (packet.protocol === 'icmp') return 'no';
      const ranges = list.split(',').map(portRange);
      if (ranges.some((range) => range === undefined)) return 'may';
      return or(...of(packet).map((values) => within(values, ranges as Interval[])));
    },
  };
}

/** `80`, `80:90`, `:1023`, `1024:` */
function portRange(text: string): Interval | undefined {
  const [, first, colon, last] = /^(\d*)(:?)(\d*)$/.exec(text) ?? [];
  if (first === undefined || (colon === '' && first === '')) return undefined;
  return colon === '' ? one(Number(first)) : between(Number(first || 0), Number(last || 65_535));
}

function interfaces(about: string, of: (packet: Packet) => Words): Option {
  return {
    about,
    words: 1,
    test: (packet, [pattern = '']) => {
      const names = of(packet);
      const hits = names.filter((name) => (pattern.endsWith('+') ? name.startsWith(pattern.slice(0, -1)) : name === pattern)).length;
      if (names.length === 0 || (hits > 0 && hits < names.length)) return 'may';
      return yesIf(hits > 0);
    },
  };
}

const protocols: Readonly<Record<string, string>> = {
  '1': 'icmp',
  '6': 'tcp',
  '17': 'udp',
  '58': 'icmp',
  'ipv6-icmp': 'icmp',
  icmpv6: 'icmp',
  icmp6: 'icmp',
};

const protocol: Option = {
  about: 'the protocol',
  words: 1,
  test: (packet, [name = '']) => yesIf(name === 'all' || name === '0' || (protocols[name] ?? name) === packet.protocol),
};

const state: Option = {
  about: 'the state of the connection',
  words: 1,
  test: ({ state: now, isTranslated, mayBeUntracked }, [list = '']) => {
    const states = list.toLowerCase().split(',');
    if (isTranslated && states.includes('dnat')) return 'yes';
    if (mayBeUntracked) return states.includes(now) && states.includes('untracked') ? 'yes' : 'may';
    return yesIf(states.includes(now));
  },
};

const flags: Option = {
  about: 'the flags of TCP',
  words: 2,
  test: (packet, [mask = '', wanted = '']) => {
    if (packet.protocol !== 'tcp') return 'no';
    const names = (list: string): string[] => {
      const all = list.toUpperCase();
      return all === 'NONE' ? [] : (all === 'ALL' ? 'FIN,SYN,RST,PSH,ACK,URG' : all).split(',');
    };
    const set = [...tcpFlags(packet)].map((flag) => flag.toUpperCase()).filter((flag) => names(mask).includes(flag));
    return yesIf(set.length === names(wanted).length && set.every((flag) => names(wanted).includes(flag)));
  },
};

/** By name, or number with an optional code (IANA, ICMP and ICMPv6 parameters). */
const icmpNames: Readonly<Record<string, Packet['icmpType']>> = {
  '4/8': 'echo-request',
  '4/0': 'echo-reply',
  '4/3': 'destination-unreachable',
  '6/128': 'echo-request',
  '6/129': 'echo-reply',
  '6/1': 'destination-unreachable',
};

const icmpType: Option = {
  about: 'the ICMP type',
  words: 1,
  test: (packet, [name = '']) => {
    if (packet.protocol !== 'icmp') return 'no';
    if (name === 'any') return 'yes';
    const [number = ''] = name.split('/');
    return yesIf((icmpNames[`${packet.family}/${number}`] ?? name) === packet.icmpType);
  },
};

/** LOCAL is what matters: whether a packet is for this machine. */
const destinationType: Option = {
  about: 'the kind of the destination address',
  words: 1,
  test: ({ state: phase }, [list = '']) => yesIf(list.split(',').includes(phase === 'new' ? 'LOCAL' : 'UNICAST')),
};

/** `0x8000/0x8000`: value and mask. */
const mark: Option = {
  about: 'a mark',
  words: 1,
  test: ({ mayBeMarked }, [wanted = '']) => (mayBeMarked ? 'may' : yesIf(Number(wanted.split('/')[0]) === 0)),
};

const sources = addresses('the source address', (packet) => packet.sources);
const destinations = addresses('the destination address', (packet) => packet.destinations);
const sourcePorts = ports('the source port', (packet) => [packet.sourcePorts]);
const destinationPorts = ports('the destination port', (packet) => [packet.destinationPorts]);

const options: Readonly<Record<string, Option>> = {
  '-s': sources,
  '--source': sources,
  '--src-range': sources,
  '-d': destinations,
  '--destination': destinations,
  '--dst-range': destinations,
  '-p': protocol,
  '--protocol': protocol,
  '-i': interfaces('the interface that it comes by', (packet) => packet.inInterfaces),
  '-o': interfaces('the interface that it leaves by', (packet) => packet.outInterfaces),
  '--sport': sourcePorts,
  '--sports': sourcePorts,
  '--dport': destinationPorts,
  '--dports': destinationPorts,
  '--ports': ports('the ports', (packet) => [packet.sourcePorts, packet.destinationPorts]),
  '--state': state,
  '--ctstate': state,
  '--tcp-flags': flags,
  '--syn': { about: 'the flags of TCP', words: 0, test: (packet) => flags.test(packet, ['FIN,SYN,RST,ACK', 'SYN']) },
  '--icmp-type': icmpType,
  '--icmpv6-type': icmpType,
  '--dst-type': destinationType,
  '--mark': mark,
  '--comment': always,
  '-f': { about: 'fragments', words: 0, test: () => 'no' },
};

/** What the `-m` modules decide that cannot be known here. */
const unknowable: Readonly<Record<string, string>> = {
  limit: 'how many packets came lately (limit)',
  hashlimit: 'how many packets came lately (hashlimit)',
  recent: 'who came lately (recent)',
  connlimit: 'how many connections there are (connlimit)',
  set: 'the members of a set (ipset list shows them)',
  time: 'the time of day (time)',
  statistic: 'chance (statistic)',
  geoip: 'the country (geoip)',
};

/** @param words of a rule, after `-A CHAIN` */
export function optionsOf(words: Words): RuleOptions {
  const matches: Match[] = [];
  let negated = false;
  let isUnknowable = false;
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    if (word === '!') {
      negated = true;
      continue;
    }
    if (word === '-j' || word === '-g') {
      return { matches, target: { name: words[i + 1] ?? '', isGoto: word === '-g' }, targetWords: words.slice(i + 2) };
    }
    if (word === '-m') {
      const about = unknowable[words[++i] ?? ''];
      isUnknowable = about !== undefined;
      if (about !== undefined) matches.push({ about, test: () => 'may' });
      continue;
    }
    const option = options[word];
    const count = option?.words ?? wordsUntilOption(words, i + 1);
    if (option !== undefined) matches.push(matchOf(option, words.slice(i + 1, i + 1 + count), negated));
    // The options of a module that cannot be known need no word of their own.
    else if (!isUnknowable) matches.push(unknown(word));
    i += count;
    negated = false;
  }
  return { matches, target: undefined, targetWords: [] };
}

function matchOf({ about, test }: Option, values: Words, negated: boolean): Match {
  return { about, test: (packet) => (negated ? not(test(packet, values)) : test(packet, values)) };
}

const unknown = (option: string): Match => ({ about: `the option ${option}`, test: () => 'may' });

function wordsUntilOption(words: Words, from: number): number {
  const end = words.findIndex((word, i) => i >= from && (word === '!' || word.startsWith('-')));
  return (end < 0 ? words.length : end) - from;
}
