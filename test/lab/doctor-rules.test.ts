import { incoming, type FirewallVerdict } from '#vitald/diagnosis/doctor/firewall/evaluate.js';
import { nftChains, ruleTexts } from '#vitald/diagnosis/doctor/firewall/nft.js';
import { request } from '#vitald/diagnosis/doctor/firewall/packet.js';
import { addressRange } from '#vitald/diagnosis/doctor/intervals.js';
import type { ConnectEnd } from '../support/lab/agent-messages.js';
import type { Lab } from '../support/lab/lab.js';
import { at, joinRouted, nodes } from '../support/lab/routed-network.js';
import { labSuite, type World } from '../support/lab/suite.js';

interface Case {
  /** Rules of the chain `input`, or the whole table where it has chains of its own. */
  readonly rules: string;
  readonly policy?: 'accept' | 'drop';
  /** Chains and sets beside it. */
  readonly more?: string;
  readonly gives: ConnectEnd;
}

const established = 'ct state established,related accept';

const cases: readonly Case[] = [
  { rules: '', gives: 'connected' },
  { rules: '', policy: 'drop', gives: 'silent' },
  { rules: 'tcp dport 80 drop', gives: 'silent' },
  { rules: 'tcp dport != 80 drop', gives: 'connected' },
  { rules: 'tcp dport < 80 drop; tcp dport > 80 drop', gives: 'connected' },
  { rules: 'tcp dport <= 80 drop', gives: 'silent' },
  { rules: 'tcp dport { 22, 70-90 } drop', gives: 'silent' },
  { rules: 'th dport 80 drop', gives: 'silent' },
  { rules: 'udp dport 80 drop', gives: 'connected' },
  { rules: 'tcp sport 0-1023 drop', gives: 'connected' },
  { rules: `${established}; tcp dport 22 accept`, policy: 'drop', gives: 'silent' },
  { rules: `${established}; tcp dport 80 ct state new accept`, policy: 'drop', gives: 'connected' },
  {
    rules: 'ct state vmap { established : accept, related : accept, invalid : drop, new : jump fresh }',
    policy: 'drop',
    more: 'chain fresh { tcp dport 80 accept; }',
    gives: 'connected',
  },
  { rules: 'ct state != established drop', gives: 'silent' },
  { rules: 'ip saddr 10.77.0.0/24 drop', gives: 'silent' },
  { rules: 'ip saddr != 10.77.0.0/24 drop', gives: 'connected' },
  { rules: 'ip saddr { 10.76.0.0/16, 10.77.0.1 } reject with tcp reset', gives: 'refused' },
  { rules: 'ip daddr 10.78.0.9 drop; ip daddr 10.78.0.2 tcp dport 80 reject with icmp type admin-prohibited', gives: 'prohibited' },
  { rules: 'ip6 saddr fd00::/8 drop', gives: 'connected' },
  { rules: 'meta nfproto ipv6 drop', gives: 'connected' },
  { rules: 'meta nfproto ipv4 drop', gives: 'silent' },
  { rules: 'ip protocol tcp drop', gives: 'silent' },
  { rules: 'meta l4proto { icmp, udp } drop', gives: 'connected' },
  { rules: 'meta l4proto { tcp, udp } th dport { 53, 80 } drop', gives: 'silent' },
  { rules: 'iifname "lo" accept', policy: 'drop', gives: 'silent' },
  { rules: 'iifname "eth*" accept', policy: 'drop', gives: 'connected' },
  { rules: 'iifname { "eth1", "eth2" } drop', gives: 'connected' },
  { rules: 'iif "eth0" tcp dport 80 drop', gives: 'silent' },
  { rules: 'tcp flags & (fin | syn | rst | ack) == syn drop', gives: 'silent' },
  { rules: 'tcp flags & (fin | syn) == (fin | syn) drop', gives: 'connected' },
  { rules: 'tcp flags syn tcp dport 80 drop', gives: 'silent' },
  { rules: 'ip saddr . tcp dport { 10.77.0.1 . 80, 10.77.0.9 . 443 } drop', gives: 'silent' },
  { rules: 'ip saddr . tcp dport { 10.77.0.1 . 443, 10.77.0.9 . 80 } drop', gives: 'connected' },
  {
    rules: 'ip saddr @bad drop',
    more: 'set bad { type ipv4_addr; flags interval; elements = { 10.77.0.0-10.77.0.9, 192.168.0.0/16 }; }',
    gives: 'silent',
  },
  {
    rules: 'ip saddr @banned drop',
    more: 'set banned { type ipv4_addr; flags timeout; elements = { 10.77.0.1 timeout 1h }; }',
    gives: 'silent',
  },
  {
    rules: 'tcp dport vmap @ports',
    more: 'map ports { type inet_service : verdict; elements = { 22 : accept, 80 : drop }; }',
    gives: 'silent',
  },
  {
    rules: 'ip saddr vmap { 10.76.0.0/16 : drop, 10.77.0.0/16 : goto web }',
    more: 'chain web { tcp dport 443 accept; reject with tcp reset; }',
    gives: 'refused',
  },
  { rules: 'jump web; tcp dport 80 drop', more: 'chain web { ip saddr 10.77.0.1 return; accept; }', gives: 'silent' },
  { rules: 'goto web; drop', more: 'chain web { tcp dport 443 drop; }', gives: 'connected' },
  { rules: 'counter log tcp dport 80 counter accept; drop', gives: 'connected' },
  { rules: 'meta mark set 5 tcp dport 80 reject', gives: 'refused' },
  { rules: 'fib daddr type local tcp dport 80 drop', gives: 'silent' },
  { rules: 'fib daddr type != local drop', gives: 'connected' },
  { rules: 'meta pkttype { broadcast, multicast } drop', gives: 'connected' },
  { rules: 'icmp type echo-request drop', gives: 'connected' },
  { rules: 'accept', more: 'chain late { type filter hook input priority 10; tcp dport 80 drop; }', gives: 'silent' },
  { rules: 'drop', more: 'chain early { type filter hook prerouting priority -10; accept; }', gives: 'silent' },
  { rules: '', more: 'chain early { type filter hook prerouting priority raw; ip saddr 10.77.0.1 drop; }', gives: 'silent' },
  {
    rules: 'tcp dport 81 drop',
    more: 'chain to { type nat hook prerouting priority dstnat; tcp dport 80 redirect to :81; }',
    gives: 'silent',
  },
  {
    rules: 'tcp dport 80 drop',
    more: 'chain to { type nat hook prerouting priority dstnat; tcp dport 80 redirect to :81; }',
    gives: 'connected',
  },
  {
    rules: 'tcp dport 80 drop',
    more: 'chain to { type nat hook prerouting priority dstnat; tcp dport 80 dnat ip to 10.78.0.2:81; }',
    gives: 'connected',
  },
  { rules: 'meta mark 5 drop; ct mark & 0xff == 5 drop', gives: 'connected' },
  { rules: 'meta mark & 0x8000 == 0x8000 drop; meta mark 0 tcp dport 80 reject', gives: 'refused' },
  { rules: 'ip frag-off & 0x1fff != 0 drop; tcp option maxseg size 1-500 drop; ct direction reply drop', gives: 'connected' },
  { rules: 'ct status dnat accept', policy: 'drop', gives: 'silent' },
  {
    rules: 'ct status dnat accept',
    policy: 'drop',
    more: 'chain to { type nat hook prerouting priority dstnat; tcp dport 80 redirect to :81; }',
    gives: 'connected',
  },
  { rules: 'fib saddr . iif oif missing drop', gives: 'connected' },
  // As firewalld makes them.
  {
    rules:
      'ct state { established, related } accept; ct status dnat accept; iifname "lo" accept; ct state invalid drop; jump zones; reject with icmpx type admin-prohibited',
    more: `chain allow { tcp dport 22 ct state new,untracked accept; ip daddr 224.0.0.251 udp dport 5353 accept; }
      chain public { jump allow; meta l4proto { icmp, ipv6-icmp } accept; reject with icmpx type admin-prohibited; }
      chain zones { iifname "eth0" goto public; goto public; }`,
    gives: 'prohibited',
  },
  {
    rules: 'ct state { established, related } accept; ct status dnat accept; jump zones; reject with icmpx type admin-prohibited',
    more: `chain allow { tcp dport { 22, 80 } ct state new,untracked accept; }
      chain public { jump allow; reject with icmpx type admin-prohibited; }
      chain zones { iifname "eth0" goto public; goto public; }`,
    gives: 'connected',
  },
];

/** What nobody can tell from the rules alone is not called certain. */
const undecided: readonly Pick<Case, 'rules' | 'more'>[] = [
  { rules: 'tcp dport 80 limit rate 1/second drop' },
  {
    rules: 'tcp dport 80 meta mark 5 drop',
    more: 'chain early { type filter hook prerouting priority mangle; ip saddr 10.77.0.1 meta mark set 5; }',
  },
  { rules: 'ct state untracked accept; drop', more: 'chain early { type filter hook prerouting priority raw; tcp dport 80 notrack; }' },
  { rules: 'numgen random mod 100 < 20 drop' },
  { rules: 'meta hour "06:00"-"07:00" drop' },
];

const predicted: Readonly<Record<ConnectEnd, (verdict: FirewallVerdict) => boolean>> = {
  connected: ({ verdict }) => verdict === 'accept',
  silent: ({ verdict }) => verdict === 'drop',
  refused: ({ verdict, rule }) => verdict === 'reject' && !/prohibited/.test(rule!.how),
  prohibited: ({ verdict, rule }) => verdict === 'reject' && /prohibited/.test(rule!.how),
};

/** Silence is what is left after this; an answer is waited for longer, as this machine may be busy. */
const patience = { silenceMs: 300, answerMs: 5000 };

/** One connection from the checker to port 80. */
async function look(lab: Lab, timeoutMs: number): Promise<ConnectEnd> {
  const checker = await lab.agent('checker');
  return checker.call('connect', { address: at.backend, port: 80, timeoutMs });
}

async function verdict(lab: Lab): Promise<FirewallVerdict> {
  const [json, texts] = await Promise.all([
    lab.run('backend', ['nft', '-j', 'list', 'ruleset']),
    lab.run('backend', ['nft', '-a', 'list', 'ruleset']),
  ]);
  const here = addressRange(at.backend)!;
  const ends = { family: 4, checker: addressRange('10.77.0.1'), here: [here], port: 80, interfaces: ['eth0'] } as const;
  return incoming(nftChains(json, ruleTexts(texts)), request('tcp', ends), [here]);
}

labSuite<World>({
  nodes,
  async build(lab) {
    await joinRouted(lab);
    const backend = await lab.agent('backend');
    for (const port of [80, 81]) await backend.call('serveTcp', { address: '0.0.0.0', port });
    return { lab };
  },
  tests: {
    'the doctor’s reading of rules agrees with what the kernel does': async (t, { lab }) => {
      for (const { rules, policy = 'accept', more = '', gives } of cases) {
        const input = `chain input { type filter hook input priority 0; policy ${policy}; ${rules === '' ? '' : `${rules};`} }`;
        await lab.firewall('backend', `table inet lab {\n${more}\n${input}\n}`);
        const name = `${rules || `policy ${policy}`} ${more}`;
        const [seen, read] = [await look(lab, gives === 'silent' ? patience.silenceMs : patience.answerMs), await verdict(lab)];
        t.equal(seen, gives, `the kernel: ${name}`);
        t.ok(predicted[seen](read), `the doctor: ${name}: ${JSON.stringify(read)}`);
        if (gives !== 'connected') t.ok(read.rule!.text.length > 3, 'with the rule');
      }
    },
    'what the rules alone do not decide is not called certain': async (t, { lab }) => {
      for (const { rules, more = '' } of undecided) {
        await lab.firewall('backend', `table inet lab {\n${more}\nchain input { type filter hook input priority 0; ${rules}; }\n}`);
        const read = await verdict(lab);
        t.match(read, { verdict: 'may' }, `${rules} ${more}`);
        t.ok(read.dependsOn.length > 0, read.dependsOn.join());
      }
    },
  },
});
