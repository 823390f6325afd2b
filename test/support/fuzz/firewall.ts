/** What nft and iptables print, and what is not from them at all: src/diagnosis/doctor/firewall. */
import fc, { type Arbitrary } from 'fast-check';
import { incoming, outgoing } from '#vitald/diagnosis/doctor/firewall/evaluate.js';
import { iptablesChains } from '#vitald/diagnosis/doctor/firewall/iptables.js';
import type { Chain } from '#vitald/diagnosis/doctor/firewall/model.js';
import { nftChains, ruleTexts } from '#vitald/diagnosis/doctor/firewall/nft.js';
import { reply, request } from '#vitald/diagnosis/doctor/firewall/packet.js';
import { addressRange } from '#vitald/diagnosis/doctor/intervals.js';
import { attack, must, type Attack } from './attack.js';
import { damaged, damages, latin1 } from './bytes.js';

const here = addressRange('10.0.0.1')!;
const ends = { family: 4, checker: addressRange('10.0.0.100'), here: [here], port: 80, interfaces: ['eth0'] } as const;
const verdicts = ['accept', 'drop', 'reject', 'may', 'unknown'];
const protocols = ['tcp', 'udp', 'icmp'] as const;

function checkChains(chains: readonly Chain[]): void {
  for (const protocol of protocols) {
    for (const { verdict } of [incoming(chains, request(protocol, ends), [here]), outgoing(chains, reply(protocol, ends))]) {
      must(verdicts.includes(verdict), `the verdict is ${verdict}`);
    }
  }
}

const nftField = fc.constantFrom('dport', 'sport', 'flags', 'saddr', 'daddr', 'protocol', 'type', 'x');

/** Values as they stand in a ruleset, and some that never would. */
const nftValue: Arbitrary<unknown> = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom('tcp', '10.0.0.1', '10.0.0.0/8', '@set', 'eth0', 'eth*', 'syn', 'new', '', '-', 'http', '::1', '6', 'fd00::/8'),
    fc.constantFrom(0, 1, 6, 22, 80, 65_535, -1, 1.5, 1e300, 2 ** 64),
    fc.constantFrom(true, false, null),
    fc.record({ set: fc.array(tie('value'), { maxLength: 3 }) }),
    fc.record({ range: fc.array(tie('value'), { maxLength: 3 }) }),
    fc.record({ prefix: fc.record({ addr: tie('value'), len: tie('value') }) }),
    fc.record({ elem: fc.record({ val: tie('value') }) }),
    fc.record({ concat: fc.array(tie('value'), { maxLength: 3 }) }),
    fc.record({ '&': fc.array(tie('value'), { maxLength: 3 }) }),
    fc.record({ '|': fc.array(tie('value'), { maxLength: 3 }) }),
    fc.record({ payload: fc.record({ protocol: fc.constantFrom('tcp', 'udp', 'ip', 'ip6', 'icmp', 'th'), field: nftField }) }),
    fc.record({ meta: fc.record({ key: fc.constantFrom('l4proto', 'iifname', 'oifname', 'mark', 'nfproto', 'protocol', 'x') }) }),
    fc.record({ ct: fc.record({ key: fc.constantFrom('state', 'mark', 'status', 'x') }) }),
    fc.record({ fib: fc.record({ result: fc.constantFrom('oif', 'type', 'check'), flags: tie('value') }) }),
    fc.record({ exthdr: tie('value') }),
    fc.array(tie('value'), { maxLength: 3 }),
  ),
})).value;

const nftStatement: Arbitrary<unknown> = fc.oneof(
  fc.record({ match: fc.record({ op: fc.constantFrom('==', '!=', 'in', '<', '<=', '>', '>=', '?'), left: nftValue, right: nftValue }) }),
  fc.constantFrom('accept', 'drop', 'return', 'notrack', 'counter', 'log', 'masquerade', 'queue', 'limit', 'quota').map((name) => ({
    [name]: null,
  })),
  fc
    .constantFrom('a', 'a', 'b', 'b', 'none', '')
    .chain((target) => fc.constantFrom('jump', 'goto').map((name) => ({ [name]: { target } }))),
  fc.record({ reject: nftValue }),
  fc.record({ dnat: fc.record({ addr: nftValue, port: nftValue }) }),
  fc.record({ redirect: fc.record({ port: nftValue }) }),
  fc.record({ mangle: fc.record({ key: nftValue, value: nftValue }) }),
  fc.record({ xt: fc.record({ type: fc.constantFrom('target', 'match'), name: fc.constantFrom('REJECT', 'DNAT', 'MARK', 'x') }) }),
  fc.record({ vmap: fc.record({ key: nftValue, data: fc.oneof(nftValue, fc.constant('@map')) }) }),
  fc.record({ x: nftValue }),
  nftValue,
);

/** Mostly one table, so that its chains lead to each other. */
const mostly = <T>(usual: T, ...others: T[]): Arbitrary<T> =>
  fc.oneof({ weight: 8, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: fc.constantFrom(...others) });

const table = { family: mostly<string | number>('inet', 'ip', 'ip6', 'netdev', 'arp', 1), table: mostly('t', 'u') };
const name = fc.constantFrom('a', 'b', 'map', 'set');

const nftItem: Arbitrary<unknown> = fc.oneof(
  fc.record({
    chain: fc.record({
      ...table,
      name,
      hook: fc.constantFrom('input', 'output', 'forward', 'prerouting', 'postrouting', 'ingress', undefined, 7),
      prio: fc.constantFrom(0, -100, 'filter', null, undefined),
      policy: fc.constantFrom('accept', 'drop', undefined, {}),
      dev: fc.constantFrom('eth0', undefined, ['eth0']),
    }),
  }),
  fc.record({
    rule: fc.record({ ...table, chain: name, handle: fc.nat(9), expr: fc.oneof(fc.array(nftStatement, { maxLength: 4 }), nftValue) }),
  }),
  fc.record({ set: fc.record({ ...table, name, elem: fc.oneof(fc.array(nftValue, { maxLength: 3 }), nftValue) }) }),
  fc.record({ map: fc.record({ ...table, name, elem: fc.array(fc.tuple(nftValue, nftStatement), { maxLength: 3 }) }) }),
  nftValue,
);

const listing =
  'table inet t {\n\tchain a {\n\t\ttype filter hook input priority 0; policy drop;\n\t\ttcp dport 80 accept # handle 4\n\t}\n}\n';

interface NftInput {
  readonly json: string;
  readonly texts: string;
}

const nftInput: Arbitrary<NftInput> = fc.record({
  json: fc.oneof(
    { weight: 8, arbitrary: fc.array(nftItem, { maxLength: 8 }).map((nftables) => JSON.stringify({ nftables })) },
    { weight: 1, arbitrary: fc.json() },
    { weight: 1, arbitrary: fc.tuple(fc.array(nftItem, { maxLength: 4 }), damages).map(([all, harm]) => text({ nftables: all }, harm)) },
  ),
  texts: fc.tuple(fc.constant(listing), damages).map(([all, harm]) => damaged(latin1(all), harm).toString('latin1')),
});

function text(value: unknown, harm: Parameters<typeof damaged>[1]): string {
  return damaged(Buffer.from(JSON.stringify(value)), harm).toString('utf8');
}

function checkNft({ json, texts }: NftInput): void {
  let chains: readonly Chain[];
  try {
    // Chains of a damaged ruleset may jump in circles.
    chains = nftChains(json, ruleTexts(texts));
  } catch (error) {
    // The only error that is documented: it is no JSON.
    must(error instanceof SyntaxError, () => `not a SyntaxError: ${String(error)}`);
    return;
  }
  checkChains(chains);
}

const word = fc.constantFrom(
  ...'-A -s -d -p -m -i -o -j -g ! tcp udp icmp all 10.0.0.0/8 10.0.0.1 ::1 1.2.3.4-5.6.7.8 x/y 80 1:99 80,443 99999 : -1 eth0 eth+'.split(
    ' ',
  ),
  ...'--dport --sport --dports --ports --state --ctstate NEW,ESTABLISHED --tcp-flags --syn FIN,SYN SYN --icmp-type 8 8/0 echo-request'.split(
    ' ',
  ),
  ...'--mark 0x1/0xff --to-destination 10.0.0.2:80 [fd00::2]:80 --to-ports --reject-with tcp-reset --dst-type LOCAL -f limit set'.split(
    ' ',
  ),
  ...'ACCEPT DROP REJECT RETURN DNAT REDIRECT LOG MARK NFQUEUE web INPUT OUTPUT conntrack multiport comment --comment'.split(' '),
  '"a b"',
  '"unclosed',
  '"\\"',
  '',
);

const iptablesLine = fc.oneof(
  fc.constantFrom('-A INPUT -j web', '-A web -j web', '-A web -p tcp -j INPUT', '-A web -g web', '-A INPUT -p tcp -g web'),
  fc.constantFrom(
    '*filter',
    '*nat',
    '*raw',
    '*',
    'COMMIT',
    '',
    '# comment',
    ':INPUT DROP [0:0]',
    ':OUTPUT ACCEPT [0:0]',
    ':web - [0:0]',
    ':',
  ),
  fc
    .tuple(fc.constantFrom('INPUT', 'OUTPUT', 'PREROUTING', 'web', ''), fc.array(word, { maxLength: 10 }))
    .map(([chain, words]) => ['-A', chain, ...words].join(' ')),
  fc.array(word, { maxLength: 6 }).map((words) => words.join(' ')),
);

const iptablesText = fc
  .tuple(fc.array(iptablesLine, { maxLength: 12 }), damages)
  .map(([lines, harm]) => damaged(latin1(`*filter\n:INPUT ACCEPT [0:0]\n:web - [0:0]\n${lines.join('\n')}`), harm).toString('latin1'));

export const firewallAttacks: readonly Attack[] = [
  attack({
    name: 'nft',
    holds: 'what nft prints, or anything else, is a firewall with a verdict about every packet, or is no JSON',
    runs: { suite: 1500, long: 150_000 },
    inputs: nftInput,
    begin: () => ({ check: checkNft }),
  }),
  attack({
    name: 'iptables',
    holds: 'what iptables-save prints, or anything else, is a firewall with a verdict about every packet',
    runs: { suite: 1500, long: 150_000 },
    inputs: iptablesText,
    begin: () => ({
      check(saved) {
        checkChains(iptablesChains(saved, 4));
        checkChains(iptablesChains(saved, 6));
      },
    }),
  }),
];
