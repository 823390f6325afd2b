/** What this machine's firewall does with the check: lists the rules and goes through them. */
import type { Case, Look, LookContext } from '../facts.js';
import { incoming, outgoing, type FirewallVerdict } from '../firewall/evaluate.js';
import { isObject } from '../firewall/json.js';
import { iptablesChains } from '../firewall/iptables.js';
import type { Chain } from '../firewall/model.js';
import { nftChains, ruleTexts } from '../firewall/nft.js';
import { reply, request, type Ends } from '../firewall/packet.js';
import { readIfThere, runIfThere, type Machine } from '../machine.js';

interface Listed {
  readonly chains: readonly Chain[];
  readonly by: string;
  /** iptables that keeps its rules in nftables, where nft shows them less well. */
  readonly isInNft: boolean;
  /** Tables that are shown in full. */
  readonly tables: ReadonlySet<string>;
}

const commandOf = (family: 4 | 6): string => (family === 4 ? 'iptables' : 'ip6tables');

async function fromIptables({ machine, leaveOut, case: { question } }: LookContext): Promise<Listed[]> {
  const command = commandOf(question.family);
  const listed: Listed[] = [];
  for (const program of await savers(machine, command)) {
    const ran = await runIfThere(machine, program, []);
    if (ran === undefined) continue;
    if (ran.exitCode !== 0) {
      leaveOut(`rules of ${command}`, whyNot(machine, ran.err));
      continue;
    }
    const isInNft = ran.out.includes('(nf_tables)') || program.includes('-nft-');
    if (listed.some((other) => other.isInNft === isInNft)) continue;
    listed.push({ chains: iptablesChains(ran.out, question.family), by: program, isInNft, tables: tablesOf(ran.out) });
  }
  return listed;
}

/** The old kind is asked only where the kernel has its tables: asking loads them. */
async function savers(machine: Machine, command: string): Promise<string[]> {
  const legacy = await readIfThere(machine, `/proc/net/${command === 'iptables' ? 'ip' : 'ip6'}_tables_names`);
  const hasLegacy = legacy !== undefined && legacy.trim() !== '';
  return [`${command}-save`, `${command}-nft-save`, ...(hasLegacy ? [`${command}-legacy-save`] : [])];
}

const whyNot = (machine: Machine, error: string): string =>
  machine.isRoot ? (error.trim().split('\n')[0] ?? '') : 'only root may read them: run the doctor as root';

/** A table that others have written to as well is named in a comment only. */
const tablesOf = (saved: string): ReadonlySet<string> => new Set([...saved.matchAll(/^\*(\w+)$/gm)].map((match) => match[1]!));

async function fromNft({ machine, leaveOut }: LookContext, iptables: readonly Listed[]): Promise<Listed | undefined> {
  const json = await runIfThere(machine, 'nft', ['-j', 'list', 'ruleset']);
  if (json === undefined) {
    if (await usesNft(machine)) leaveOut('rules of nftables', 'nft is not installed, and the kernel has nftables');
    return undefined;
  }
  if (json.exitCode !== 0) {
    leaveOut('rules of nftables', whyNot(machine, json.err));
    return undefined;
  }
  const listing = await runIfThere(machine, 'nft', ['-a', 'list', 'ruleset']);
  let chains: readonly Chain[];
  try {
    chains = nftChains(json.out, ruleTexts(listing?.out ?? ''));
  } catch {
    leaveOut('rules of nftables', 'what nft printed could not be understood');
    return undefined;
  }
  // What iptables-save has shown already, and better.
  const known = iptables.find(({ isInNft }) => isInNft)?.tables;
  const isKnown = ({ key }: Chain): boolean => /^ip6? /.test(key) && known?.has(key.split(' ')[1]!) === true;
  return { chains: chains.filter((chain) => !isKnown(chain)), by: 'nft list ruleset', isInNft: true, tables: new Set() };
}

async function usesNft(machine: Machine): Promise<boolean> {
  return ((await readIfThere(machine, '/proc/modules')) ?? '').includes('nf_tables ');
}

/** Programs at an interface see a packet before every firewall, and what they do cannot be listed. Source: ip-link(8). */
async function lookForXdp({ machine, leaveOut, case: { interfaces } }: LookContext): Promise<void> {
  const ran = await runIfThere(machine, 'ip', ['-d', '-j', 'link', 'show']);
  if (ran?.exitCode !== 0) return;
  const links: unknown = JSON.parse(ran.out);
  const loaded = Array.isArray(links)
    ? links.filter((link) => isObject(link) && isObject(link['xdp']) && interfaces.includes(String(link['ifname'])))
    : [];
  if (loaded.length > 0) leaveOut('XDP programs', 'they may drop packets before the firewall does, and what they do cannot be listed');
}

export function endsOf({ question, targets, interfaces }: Case): Ends {
  const { family, port, from } = question;
  return { family, port, interfaces, checker: from, here: targets.map(({ range }) => range) };
}

export const firewallLook: Look = {
  name: 'rules of the firewall',
  async run(context) {
    const { question, targets } = context.case;
    let leftOut = 0;
    const counting = {
      ...context,
      leaveOut: (name: string, why: string): void => {
        leftOut++;
        context.leaveOut(name, why);
      },
    };
    await lookForXdp(counting);
    const iptables = await fromIptables(counting);
    const nft = await fromNft(counting, iptables);
    const listed = [...iptables, ...(nft === undefined ? [] : [nft])];
    const chains = listed.flatMap((one) => one.chains);
    const ends = endsOf(context.case);
    const here = targets.map(({ range }) => range);
    const comesIn = (protocol: 'tcp' | 'udp' | 'icmp', from: Ends): FirewallVerdict => incoming(chains, request(protocol, from), here);
    context.facts.firewall = {
      request: comesIn(question.protocol, ends),
      fromAnywhere: comesIn(question.protocol, { ...ends, checker: undefined }),
      echo: comesIn('icmp', ends),
      reply: outgoing(chains, reply(question.protocol, ends)),
      listedBy: listed.map(({ by }) => by),
      complete: leftOut === 0,
    };
    if (listed.length === 0) return leftOut === 0 ? 'there is none' : 'could not be read';
    return verdictText(context.facts.firewall.request);
  },
};

function verdictText({ verdict, rule }: FirewallVerdict): string {
  switch (verdict) {
    case 'accept':
      return 'lets the check in';
    case 'unknown':
      return 'cannot be decided from here';
    case 'may':
      return `may block the check: ${rule?.text ?? ''}`;
    case 'drop':
    case 'reject':
      return `${verdict}s the check: ${rule?.text ?? ''}`;
    default:
      return verdict satisfies never;
  }
}
