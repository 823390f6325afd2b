/** The rules of nftables, from `nft -j list ruleset`. Source: libnftables-json(5). What is not understood is `may`, never guessed. */
import { isObject, type Json, type JsonObject } from './json.js';
import { chainKey, type Action, type Chain, type Hook, type Match, type Rule } from './model.js';
import { matchOf, unknownMatch, type Sets } from './nft-match.js';

const text = (value: Json): string => (typeof value === 'string' || typeof value === 'number' ? String(value) : '');

const hooks: readonly Hook[] = ['ingress', 'prerouting', 'input', 'forward', 'output', 'postrouting'];
const familiesOf: Readonly<Record<string, readonly (4 | 6)[]>> = { ip: [4], ip6: [6], inet: [4, 6], netdev: [4, 6] };

/** By table and handle: the line that nft prints for a rule. */
export type RuleTexts = ReadonlyMap<string, string>;

/** @param texts of {@link ruleTexts}  @throws SyntaxError where it is no JSON */
export function nftChains(json: string, texts: RuleTexts): Chain[] {
  const parsed: Json = JSON.parse(json);
  const items = isObject(parsed) && Array.isArray(parsed['nftables']) ? (parsed['nftables'] as readonly Json[]).filter(isObject) : [];
  const sets = setsOf(items);
  const rules = new Map<string, Rule[]>();
  for (const item of items) {
    const rule = item['rule'];
    if (!isObject(rule)) continue;
    const key = chainKey(tableOf(rule), text(rule['chain']));
    rules.set(key, [...(rules.get(key) ?? []), ...rulesOf(rule, sets, texts)]);
  }
  return items.flatMap((item) => {
    const chain = item['chain'];
    if (!isObject(chain)) return [];
    const key = chainKey(tableOf(chain), text(chain['name']));
    const families = familiesOf[text(chain['family'])];
    return families === undefined
      ? []
      : [
          {
            name: key,
            key,
            rules: rules.get(key) ?? [],
            families,
            ...baseOf(chain),
            ...(text(chain['dev']) !== '' && { device: text(chain['dev']) }),
          },
        ];
  });
}

const tableOf = (item: JsonObject): string => `${text(item['family'])} ${text(item['table'])}`;

function baseOf(chain: JsonObject): Pick<Chain, 'base'> {
  const hook = hooks.find((name) => name === chain['hook']);
  if (hook === undefined) return {};
  return { base: { hook, priority: Number(chain['prio'] ?? 0), policy: chain['policy'] === 'drop' ? 'drop' : 'accept' } };
}

/** The elements of sets and maps, by table and name. */
function setsOf(items: readonly JsonObject[]): Sets {
  const sets = new Map<string, readonly Json[]>();
  for (const item of items) {
    const set = item['set'] ?? item['map'];
    if (!isObject(set)) continue;
    const elements = set['elem'];
    sets.set(chainKey(tableOf(set), text(set['name'])), Array.isArray(elements) ? (elements as Json[]) : []);
  }
  return sets;
}

/** Usually one; a verdict map is as many rules as it has elements. */
function rulesOf(rule: JsonObject, sets: Sets, texts: RuleTexts): Rule[] {
  const table = tableOf(rule);
  const expressions = Array.isArray(rule['expr']) ? (rule['expr'] as Json[]).filter(isObject) : [];
  const line = texts.get(chainKey(table, text(rule['handle']))) ?? JSON.stringify(rule['expr']);
  const matches: Match[] = [];
  const rules: Rule[] = [];
  for (const expression of expressions) {
    const [[name, value] = ['', undefined]] = Object.entries(expression);
    if (name === 'vmap' && isObject(value)) {
      rules.push(...verdictMap(value, table, sets, line, matches));
      continue;
    }
    const action = actionOf(name, value, table);
    // What marks goes on to the rest of the rule.
    if (action?.kind === 'mark' || action?.kind === 'untrack') {
      rules.push({ text: line, matches: [...matches], action });
      continue;
    }
    if (action !== undefined) return [...rules, { text: line, matches: [...matches], action }];
    const match = conditionOf(name, value, table, sets);
    if (match !== undefined) matches.push(match);
  }
  return rules.length > 0 ? rules : [{ text: line, matches, action: { kind: 'none' } }];
}

/** @returns undefined for what is no verdict */
function actionOf(name: string, value: Json, table: string): Action | undefined {
  switch (name) {
    case 'accept':
    case 'drop':
    case 'return':
      return { kind: name };
    case 'reject':
      return {
        kind: 'reject',
        how: isObject(value) ? [text(value['type']), text(value['expr'])].filter(Boolean).join(' ') : 'icmp port-unreachable',
      };
    case 'jump':
    case 'goto':
      return { kind: name, chain: chainKey(table, isObject(value) ? text(value['target']) : '') };
    case 'dnat':
    case 'redirect':
      return translation(value);
    case 'notrack':
      return { kind: 'untrack' };
    case 'mangle':
      return isMark(value) ? { kind: 'mark' } : undefined;
    case 'xt':
      return isObject(value) && value['type'] === 'target' ? hiddenTarget(text(value['name'])) : undefined;
    case 'queue':
    case 'tproxy':
    case 'synproxy':
    case 'fwd':
      return { kind: 'unknown', what: `${name} (a program or another device decides)` };
    default:
      return undefined;
  }
}

/** `meta mark set`, `ct mark set` */
function isMark(value: Json): boolean {
  if (!isObject(value) || !isObject(value['key'])) return false;
  const key = value['key'];
  return [key['meta'], key['ct']].some((part) => isObject(part) && part['key'] === 'mark');
}

/** Of iptables’ own targets nft shows no more than the name. */
function hiddenTarget(name: string): Action | undefined {
  if (name === 'REJECT') return { kind: 'reject', how: '' };
  if (name === 'DNAT' || name === 'REDIRECT') return { kind: 'spread' };
  if (/MARK$/.test(name)) return { kind: 'mark' };
  return /^(N?F?LOG|TCPMSS|MASQUERADE|SNAT)$/.test(name)
    ? undefined
    : { kind: 'unknown', what: `a rule of iptables (${name || 'of a kind that nft cannot show'})` };
}

function translation(value: Json): Action {
  const { addr, port } = isObject(value) ? value : {};
  // Ranges, maps, and names of services: one of several, or not known here.
  if (isObject(addr) || (port !== undefined && !Number.isInteger(port))) return { kind: 'spread' };
  return { kind: 'translate', address: text(addr) || undefined, port: port as number | undefined };
}

/** Statements that change nothing about where the packet goes. */
const indifferent = new Set([
  'counter',
  'log',
  'mangle',
  'masquerade',
  'snat',
  'set',
  'map',
  'ct helper',
  'ct timeout',
  'flow',
  'dup',
  'comment',
]);

/** @returns undefined for what always holds */
function conditionOf(name: string, value: Json, table: string, sets: Sets): Match | undefined {
  if (indifferent.has(name) || (name === 'xt' && isComment(value))) return undefined;
  if (name === 'match' && isObject(value)) return matchOf(value, table, sets);
  if (name === 'limit') return unknownMatch('how many packets came lately (limit)');
  if (name === 'quota' || name === 'ct count' || name === 'meter') return unknownMatch(`a count (${name})`);
  return unknownMatch(`an expression that is not understood here (${name})`);
}

const isComment = (value: Json): boolean => isObject(value) && (value['type'] === 'target' || value['name'] === 'comment');

/** The keys exclude each other, so each is a rule of its own. */
function verdictMap(value: JsonObject, table: string, sets: Sets, line: string, before: readonly Match[]): Rule[] {
  const data = value['data'];
  const elements = typeof data === 'string' ? sets.get(chainKey(table, data.replace(/^@/, ''))) : isObject(data) ? data['set'] : undefined;
  if (!Array.isArray(elements))
    return [{ text: line, matches: [...before, unknownMatch('a verdict map')], action: { kind: 'unknown', what: 'a verdict map' } }];
  return (elements as Json[]).flatMap((element) => {
    if (!Array.isArray(element)) return [];
    const [key, verdict] = element as [Json, Json];
    const [[name, target] = ['', undefined]] = isObject(verdict) ? Object.entries(verdict) : [];
    const action = actionOf(name, target, table);
    const match = matchOf({ op: '==', left: value['key'], right: isObject(key) && 'elem' in key ? key : { set: [key] } }, table, sets);
    return action === undefined ? [] : [{ text: line, matches: [...before, match], action }];
  });
}

/** The rules as nft prints them, from `nft -a list ruleset`, where each line ends in `# handle N`. */
export function ruleTexts(listing: string): RuleTexts {
  const texts = new Map<string, string>();
  let table = '';
  for (const line of listing.split('\n')) {
    const [, named] = /^table (\S+ \S+) \{/.exec(line) ?? [];
    if (named !== undefined) table = named;
    const [, rule, handle] = /^\s+(.+?) # handle (\d+)$/.exec(line) ?? [];
    if (rule !== undefined && !/^(chain|set|map|counter|type|policy) .*\{$/.test(rule)) texts.set(chainKey(table, handle!), rule);
  }
  return texts;
}
