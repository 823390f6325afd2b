/** The rules of iptables, from `iptables-save` or `ip6tables-save`. Source: iptables(8), iptables-extensions(8). */
import { optionsOf, type Words } from './iptables-match.js';
import { chainKey, type Action, type Chain, type Hook, type Rule } from './model.js';

/** Built-in chains, and when each table’s turn is (linux/netfilter_ipv4.h, nf_ip_hook_priorities). */
const hookOf: Readonly<Record<string, Hook>> = {
  PREROUTING: 'prerouting',
  INPUT: 'input',
  FORWARD: 'forward',
  OUTPUT: 'output',
  POSTROUTING: 'postrouting',
};
const priorityOf: Readonly<Record<string, number>> = { raw: -300, mangle: -150, nat: -100, filter: 0, security: 50 };

/** Targets that leave the packet’s way as it is. */
const indifferent = new Set(
  'LOG NFLOG ULOG TCPMSS MASQUERADE SNAT CLASSIFY DSCP TOS TTL HL SET TRACE AUDIT CHECKSUM CONNSECMARK SECMARK'.split(' '),
);

export function iptablesChains(saved: string, family: 4 | 6): Chain[] {
  const chains = new Map<string, Chain & { readonly rules: Rule[] }>();
  let table = '';
  for (const line of saved.split('\n').map((text) => text.trim())) {
    if (line.startsWith('*')) table = line.slice(1);
    else if (line.startsWith(':')) {
      const chain = declaration(line, table, family);
      chains.set(chain.key, chain);
    } else if (line.startsWith('-A ')) {
      const words = wordsOf(line);
      chains.get(chainKey(tableName(table, family), words[1] ?? ''))?.rules.push(ruleOf(line, words.slice(2), tableName(table, family)));
    }
  }
  return [...chains.values()];
}

const tableName = (table: string, family: 4 | 6): string => `${family === 4 ? 'iptables' : 'ip6tables'} ${table}`;

/** `:INPUT DROP [0:0]`, or `:name - [0:0]` for a chain that is only jumped to. */
function declaration(line: string, table: string, family: 4 | 6): Chain & { readonly rules: Rule[] } {
  const [name = '', policy = '-'] = line.slice(1).split(' ');
  const key = chainKey(tableName(table, family), name);
  const hook = hookOf[name];
  const base = { priority: priorityOf[table] ?? 0, policy: policy === 'DROP' ? 'drop' : 'accept' } as const;
  return { name: key, key, rules: [], families: [family], ...(policy !== '-' && hook !== undefined && { base: { hook, ...base } }) };
}

/** A line’s words; quoted ones may hold spaces. */
function wordsOf(line: string): string[] {
  return [...line.matchAll(/"((?:[^"\\]|\\.)*)"|(\S+)/g)].map(([, quoted, plain]) => plain ?? quoted!.replace(/\\(.)/g, '$1'));
}

function ruleOf(line: string, words: Words, table: string): Rule {
  const { matches, target, targetWords } = optionsOf(words);
  return { text: line, matches, action: target === undefined ? { kind: 'none' } : actionOf(target, targetWords, table) };
}

function actionOf({ name, isGoto }: { readonly name: string; readonly isGoto: boolean }, words: Words, table: string): Action {
  if (indifferent.has(name)) return { kind: 'none' };
  if (name === 'NOTRACK' || (name === 'CT' && words.includes('--notrack'))) return { kind: 'untrack' };
  if (name === 'CT') return { kind: 'none' };
  const option = (flag: string): string | undefined => (words.includes(flag) ? words[words.indexOf(flag) + 1] : undefined);
  switch (name) {
    case 'MARK':
    case 'CONNMARK':
      return { kind: 'mark' };
    case 'ACCEPT':
      return { kind: 'accept' };
    case 'DROP':
    case 'TARPIT':
      return { kind: 'drop' };
    case 'REJECT':
      return {
        kind: 'reject',
        how: (option('--reject-with') ?? 'icmp-port-unreachable').replace('tcp-reset', 'tcp reset').replace(/^icmp6?-/, 'icmp '),
      };
    case 'RETURN':
      return { kind: 'return' };
    case 'DNAT':
      return destination(option('--to-destination'));
    case 'REDIRECT':
      return { kind: 'translate', address: undefined, port: portOf(option('--to-ports')) };
    case 'QUEUE':
    case 'NFQUEUE':
    case 'TPROXY':
    case 'SYNPROXY':
    case 'NETMAP':
      return { kind: 'unknown', what: `${name} (something else decides)` };
    default:
      return { kind: isGoto ? 'goto' : 'jump', chain: chainKey(table, name) };
  }
}

/** `10.0.0.2`, `10.0.0.2:8080`, `:8080`, `[fd00::2]:8080`; a range of addresses is as good as unknown. */
function destination(text = ''): Action {
  const [, bracketed, plain, port] = /^(?:\[([\da-f:.]+)\]|([\d.]*|[\da-f:]+?))(?::(\d+))?$/i.exec(text) ?? [];
  if (bracketed === undefined && plain === undefined) return { kind: 'spread' };
  return { kind: 'translate', address: bracketed ?? (plain || undefined), port: portOf(port) };
}

const portOf = (text: string | undefined): number | undefined => (text !== undefined && /^\d{1,5}$/.test(text) ? Number(text) : undefined);
