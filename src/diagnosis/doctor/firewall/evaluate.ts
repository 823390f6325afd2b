/**
 * What a firewall does with a packet, found by going through its rules as the kernel does: base chains in the order of
 * their priority, jumps, policies. Where a match cannot be decided, both ways are followed. Source: nft(8), iptables(8).
 */
import { addressRange, and, one, type Tri } from '../intervals.js';
import type { Action, Chain, Hook, Rule } from './model.js';
import type { Packet } from './packet.js';

export interface FirewallVerdict {
  /** `may`: some ways end in a block, some do not. `unknown`: none is known to, but some ways cannot be followed. */
  readonly verdict: 'accept' | 'drop' | 'reject' | 'may' | 'unknown';
  /** The first rule, or policy, that blocks or may block. */
  readonly rule: { readonly chain: string; readonly text: string; readonly how: string } | undefined;
  /** What would decide it, for people. */
  readonly dependsOn: readonly string[];
  /** Where the packet goes instead of to its own address and port. */
  readonly translated: { readonly address: string | undefined; readonly port: number | undefined } | undefined;
  /** It may be sent on to where nobody can tell: one of several containers, for example. */
  readonly mayBeSentOn: boolean;
}

interface End {
  readonly kind: 'accept' | 'drop' | 'reject' | 'unknown';
  readonly how: string;
  readonly rule: string;
  readonly chain: string;
}

type Translation = Extract<Action, { kind: 'translate' }>;

/** Rulesets with loops are refused by the kernel; this is for those that are not from a kernel. */
const deepest = 32;
/** Jumps followed for one packet through one base chain. Chains that jump to the next one twice each double the work with each level. */
const mostJumps = 10_000;

/** What a rule does to those packets that it holds for: whether they go on to the next rule, and whether they may come back to the caller. */
interface Step {
  readonly goesOn: Tri;
  readonly returns: boolean;
}

const goesOn: Step = { goesOn: 'yes', returns: false };
const ends: Step = { goesOn: 'no', returns: false };

/** Follows one packet through one base chain. */
class Walk {
  readonly ends: End[] = [];
  readonly dependsOn = new Set<string>();
  translation: Translation | undefined;
  mayBeSentOn = false;
  readonly #chains: ReadonlyMap<string, Chain>;
  #packet: Packet;
  #jumps = 0;

  constructor(chains: ReadonlyMap<string, Chain>, packet: Packet) {
    this.#chains = chains;
    this.#packet = packet;
  }

  /** As it is now: rules may have marked it. */
  get packet(): Packet {
    return this.#packet;
  }

  /**
   * @param sure whether the packet surely comes here
   * @returns whether it comes out again, at the end or by a return: surely, not, or perhaps
   */
  through(chain: Chain, sure: boolean, depth: number): Tri {
    let someEnded = false;
    let someReturned = false;
    for (const rule of chain.rules) {
      const holds = this.#holds(rule);
      if (holds === 'no') continue;
      const step = this.#act(rule, chain, sure && holds === 'yes' && !someEnded && !someReturned, depth);
      someReturned ||= step.returns;
      someEnded ||= step.goesOn !== 'yes' && rule.action.kind !== 'return';
      if (step.goesOn === 'no' && holds === 'yes') return someReturned ? (someEnded ? 'may' : 'yes') : 'no';
    }
    return someEnded ? 'may' : 'yes';
  }

  #holds(rule: Rule): Tri {
    const each = rule.matches.map((match) => ({ match, tri: match.test(this.#packet) }));
    const all = and(...each.map(({ tri }) => tri));
    if (all === 'may' && rule.action.kind !== 'none') {
      for (const { match, tri } of each) if (tri === 'may') this.dependsOn.add(match.about);
    }
    return all;
  }

  #act(rule: Rule, chain: Chain, sure: boolean, depth: number): Step {
    const { action } = rule;
    switch (action.kind) {
      case 'none':
        return goesOn;
      case 'mark':
        this.#packet = { ...this.#packet, mayBeMarked: true };
        return goesOn;
      case 'untrack':
        this.#packet = { ...this.#packet, mayBeUntracked: true };
        return goesOn;
      case 'accept':
      case 'drop':
      case 'reject':
      case 'unknown':
        this.ends.push({ kind: action.kind, how: action.kind === 'reject' ? action.how : '', rule: rule.text, chain: chain.name });
        return ends;
      case 'translate':
        if (sure) this.translation ??= action;
        else this.mayBeSentOn = true;
        this.ends.push({ kind: 'accept', how: '', rule: rule.text, chain: chain.name });
        return ends;
      case 'spread':
        this.mayBeSentOn = true;
        this.ends.push({ kind: 'accept', how: '', rule: rule.text, chain: chain.name });
        return ends;
      case 'return':
        return { goesOn: 'no', returns: true };
      case 'jump':
      case 'goto': {
        const target = this.#chains.get(action.chain);
        const isLost = target === undefined || depth > deepest || ++this.#jumps > mostJumps;
        const out = isLost ? 'may' : this.through(target, sure, depth + 1);
        // What leaves the chain of a goto does not come back to this one, but to its caller.
        return action.kind === 'jump' ? { goesOn: out, returns: false } : { goesOn: 'no', returns: out !== 'no' };
      }
      default:
        return action satisfies never;
    }
  }
}

interface HookResult {
  readonly ends: readonly End[];
  readonly dependsOn: readonly string[];
  readonly translation: Translation | undefined;
  readonly mayBeSentOn: boolean;
  /** As it leaves the hook. */
  readonly packet: Packet;
}

/** All base chains of a hook, one after the other; one that blocks for sure is the last. */
function throughHook(chains: readonly Chain[], hook: Hook, given: Packet): HookResult {
  const byKey = new Map(chains.map((chain) => [chain.key, chain]));
  const isMet = ({ base, families, device }: Chain): boolean =>
    base?.hook === hook && families.includes(given.family) && (device === undefined || given.inInterfaces.every((name) => name === device));
  const bases = chains.filter(isMet);
  let packet = given;
  const ends: End[] = [];
  const dependsOn: string[] = [];
  let translation: Translation | undefined;
  let mayBeSentOn = false;
  for (const chain of [...bases].sort((a, b) => a.base!.priority - b.base!.priority)) {
    const walk = new Walk(byKey, packet);
    const out = walk.through(chain, true, 0);
    if (out !== 'no') walk.ends.push({ kind: chain.base!.policy, how: '', rule: `policy ${chain.base!.policy}`, chain: chain.name });
    ends.push(...walk.ends);
    packet = walk.packet;
    translation ??= walk.translation;
    mayBeSentOn ||= walk.mayBeSentOn;
    if (walk.ends.some(({ kind }) => kind !== 'accept')) dependsOn.push(...walk.dependsOn);
    if (walk.ends.length > 0 && walk.ends.every(isBlock)) return { ends: walk.ends, dependsOn, translation, mayBeSentOn, packet };
  }
  return { ends, dependsOn, translation, mayBeSentOn, packet };
}

const isBlock = ({ kind }: End): boolean => kind === 'drop' || kind === 'reject';

/** What becomes of a packet that comes to this machine. @param here its own addresses, as ranges of one */
export function incoming(chains: readonly Chain[], packet: Packet, here: readonly { first: bigint }[]): FirewallVerdict {
  const ingress = throughHook(chains, 'ingress', packet);
  const prerouting = throughHook(chains, 'prerouting', ingress.packet);
  const { translation } = prerouting;
  const translated = translation === undefined ? prerouting.packet : translate(prerouting.packet, translation);
  const target = translation?.address === undefined ? undefined : addressRange(translation.address);
  const stays = target === undefined || here.some(({ first }) => first === target.first);
  const late = throughHook(chains, stays ? 'input' : 'forward', translated);
  if (!prerouting.mayBeSentOn) return verdict([ingress, prerouting, late], translation);
  // What is sent on does not come to the rules for this machine.
  const sentOn: End = { kind: 'unknown', how: '', rule: '', chain: '' };
  return verdict(
    [ingress, prerouting, { ...late, ends: [...late.ends, sentOn], dependsOn: [...late.dependsOn, 'where the firewall sends it on to'] }],
    translation,
  );
}

/** What becomes of a packet that this machine sends. */
export function outgoing(chains: readonly Chain[], packet: Packet): FirewallVerdict {
  const output = throughHook(chains, 'output', packet);
  return verdict([output, throughHook(chains, 'postrouting', output.packet)], undefined);
}

function translate(packet: Packet, { address, port }: Translation): Packet {
  const range = address === undefined ? undefined : addressRange(address);
  return {
    ...packet,
    isTranslated: true,
    destinations: range === undefined ? packet.destinations : [range],
    destinationPorts: port === undefined ? packet.destinationPorts : [one(port)],
  };
}

function verdict(results: readonly HookResult[], translation: Translation | undefined): FirewallVerdict {
  const translated = translation === undefined ? undefined : { address: translation.address, port: translation.port };
  // Blocked for sure as soon as every way through one hook ends in a block.
  const mayBeSentOn = results.some((result) => result.mayBeSentOn);
  const sure = results.find(({ ends }) => ends.length > 0 && ends.every(isBlock));
  const block = (sure?.ends ?? results.flatMap(({ ends }) => ends)).find(isBlock);
  const rule = block === undefined ? undefined : { chain: block.chain, text: block.rule, how: block.how };
  const dependsOn = [...new Set(results.flatMap((result) => result.dependsOn))];
  if (sure !== undefined) return { verdict: sureKind(sure.ends), rule, dependsOn: [], translated, mayBeSentOn };
  if (block !== undefined) return { verdict: 'may', rule, dependsOn, translated, mayBeSentOn };
  const lost = results.some(({ ends }) => ends.some(({ kind }) => kind === 'unknown'));
  return { verdict: lost ? 'unknown' : 'accept', rule, dependsOn, translated, mayBeSentOn };
}

/** Silence and an answer look different to the checker; where both may be, it is the rejection that shows. */
const sureKind = (ends: readonly End[]): 'drop' | 'reject' => (ends.every(({ kind }) => kind === 'drop') ? 'drop' : 'reject');
