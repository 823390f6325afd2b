import t from 'tap';
import { incoming, outgoing, type FirewallVerdict } from '#vitald/diagnosis/doctor/firewall/evaluate.js';
import { iptablesChains } from '#vitald/diagnosis/doctor/firewall/iptables.js';
import { reply, request, type Ends, type Packet } from '#vitald/diagnosis/doctor/firewall/packet.js';
import { addressRange } from '#vitald/diagnosis/doctor/intervals.js';

const here = addressRange('10.0.0.1')!;
const ends: Ends = { family: 4, checker: addressRange('100.125.0.0/16'), here: [here], port: 80, interfaces: ['eth0'] };

/** @param rules of the filter table */
function verdict(
  rules: string,
  { protocol = 'tcp', policy = 'ACCEPT', ...changes }: Partial<Ends> & { protocol?: Packet['protocol']; policy?: string } = {},
): FirewallVerdict {
  const saved = `*filter\n:INPUT ${policy} [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:web - [0:0]\n:log - [0:0]\n${rules}\nCOMMIT\n`;
  const asked = { ...ends, ...changes };
  return incoming(iptablesChains(saved, asked.family), request(protocol, asked), [here]);
}

interface Case {
  readonly says: string;
  readonly rules: string;
  readonly asked?: Parameters<typeof verdict>[1];
  readonly gives: Partial<FirewallVerdict>;
}

const drop = { verdict: 'drop' } as const;
const accept = { verdict: 'accept' } as const;
const may = { verdict: 'may' } as const;

const cases: readonly Case[] = [
  { says: 'no rule lets everything in', rules: '', gives: accept },
  { says: 'a policy is what is left', rules: '-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT', asked: { policy: 'DROP' }, gives: drop },
  { says: 'a port is dropped', rules: '-A INPUT -p tcp -m tcp --dport 80 -j DROP', gives: drop },
  { says: 'another port is not meant', rules: '-A INPUT -p tcp -m tcp --dport 81 -j DROP', gives: accept },
  { says: 'another protocol is not meant', rules: '-A INPUT -p udp -m udp --dport 80 -j DROP', gives: accept },
  { says: 'the first rule that holds decides', rules: '-A INPUT -s 100.64.0.0/10 -j ACCEPT\n-A INPUT -j DROP', gives: accept },
  {
    says: 'a part of the source is dropped in part',
    rules: '-A INPUT -s 100.125.3.0/24 -j DROP',
    gives: { ...may, dependsOn: ['the source address'] },
  },
  { says: 'a negated source', rules: '-A INPUT ! -s 10.0.0.0/8 -p tcp -m tcp --dport 80 -j DROP', gives: drop },
  { says: 'several ports', rules: '-A INPUT -p tcp -m multiport --dports 443,79:81 -j DROP', gives: drop },
  { says: 'the loopback interface is another', rules: '-A INPUT -i lo -j ACCEPT\n-A INPUT -j DROP', gives: drop },
  { says: 'interfaces by the beginning of their name', rules: '-A INPUT -i eth+ -j DROP', gives: drop },
  {
    says: 'established connections are not new ones',
    rules: '-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n-A INPUT -m state --state NEW -j DROP',
    gives: drop,
  },
  { says: 'a SYN is known by its flags', rules: '-A INPUT -p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN -j DROP', gives: drop },
  {
    says: 'a rejection says what the sender gets',
    rules: '-A INPUT -p tcp -m tcp --dport 80 -j REJECT --reject-with tcp-reset',
    gives: { verdict: 'reject' },
  },
  {
    says: 'a chain is followed',
    rules: '-A INPUT -p tcp -m tcp --dport 80 -j web\n-A web -s 10.0.0.0/8 -j ACCEPT\n-A web -j DROP',
    gives: drop,
  },
  {
    says: 'a chain that returns goes on where it was called',
    rules: '-A INPUT -j web\n-A INPUT -j DROP\n-A web -s 100.125.0.0/16 -j RETURN\n-A web -j ACCEPT',
    gives: drop,
  },
  { says: 'goto does not come back', rules: '-A INPUT -g web\n-A INPUT -j DROP\n-A web -p udp -j DROP', gives: accept },
  {
    says: 'what logs only goes on',
    rules:
      '-A INPUT -m limit --limit 5/min -j LOG --log-prefix "drop: -j DROP "\n-A INPUT -p tcp -m tcp --dport 80 -m comment --comment "the web, -j DROP" -j ACCEPT',
    gives: accept,
  },
  {
    says: 'what is limited may be met',
    rules: '-A INPUT -m limit --limit 5/sec -j ACCEPT\n-A INPUT -j DROP',
    gives: { ...may, dependsOn: ['how many packets came lately (limit)'] },
  },
  {
    says: 'a limited log before a drop does not save the packet',
    rules: '-A INPUT -m limit --limit 5/sec -j log\n-A INPUT -j DROP\n-A log -j LOG\n-A log -j DROP',
    gives: drop,
  },
  { says: 'a set whose members are not known may be met', rules: '-A INPUT -m set --match-set bad src -j DROP', gives: may },
  { says: 'an option that is not known may hold', rules: '-A INPUT -m owner --uid-owner 5 -j DROP', gives: may },
  { says: 'a program in user space decides', rules: '-A INPUT -p tcp -j NFQUEUE --queue-num 0', gives: { verdict: 'unknown' } },
  { says: 'ping by its type', rules: '-A INPUT -p icmp -m icmp --icmp-type 8 -j DROP', asked: { protocol: 'icmp' }, gives: drop },
  {
    says: 'pings are no ports',
    rules: '-A INPUT -p icmp -m icmp --icmp-type any -j ACCEPT',
    asked: { protocol: 'icmp', policy: 'DROP' },
    gives: accept,
  },
  { says: 'a range of sources', rules: '-A INPUT -m iprange --src-range 100.125.0.0-100.125.255.255 -j DROP', gives: drop },
];

for (const { says, rules, asked, gives } of cases) t.test(says, async (t) => void t.match(verdict(rules, asked), gives));

t.test('the rule that blocks is shown as it was written', async (t) => {
  const rule = '-A INPUT -p tcp -m tcp --dport 80 -m comment --comment "no web" -j DROP';
  t.match(verdict(rule), { rule: { text: rule, chain: 'iptables filter INPUT' } });
});

t.test('a source that is not known meets no rule about sources for sure', async (t) => {
  const { verdict: found, dependsOn } = verdict('-A INPUT -s 10.0.0.0/8 -j DROP', { checker: undefined });
  t.same([found, dependsOn], ['may', ['the source address']]);
});

t.test('tables are asked in the order of the kernel: raw before filter', async (t) => {
  const saved = '*filter\n:INPUT ACCEPT [0:0]\nCOMMIT\n*raw\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -s 100.125.0.0/16 -j DROP\nCOMMIT\n';
  t.match(incoming(iptablesChains(saved, 4), request('tcp', ends), [here]), {
    verdict: 'drop',
    rule: { chain: 'iptables raw PREROUTING' },
  });
});

t.test('what is sent on to another machine is not for INPUT, but for FORWARD', async (t) => {
  const saved = `*nat\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -p tcp -m tcp --dport 80 -j DNAT --to-destination 172.17.0.2:8080\nCOMMIT
*filter\n:INPUT DROP [0:0]\n:FORWARD ACCEPT [0:0]\n-A FORWARD -d 172.17.0.2/32 -p tcp -m tcp --dport 80 -j DROP\nCOMMIT\n`;
  t.match(incoming(iptablesChains(saved, 4), request('tcp', ends), [here]), {
    verdict: 'accept',
    translated: { address: '172.17.0.2', port: 8080 },
  });
  const toOther = saved.replace('--dport 80 -j DROP', '--dport 8080 -j DROP');
  t.match(incoming(iptablesChains(toOther, 4), request('tcp', ends), [here]), { verdict: 'drop' });
});

t.test('a redirection is followed to the other port', async (t) => {
  const saved = `*nat\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -p tcp -m tcp --dport 80 -j REDIRECT --to-ports 8080\nCOMMIT
*filter\n:INPUT DROP [0:0]\n-A INPUT -p tcp -m tcp --dport 8080 -j ACCEPT\nCOMMIT\n`;
  t.match(incoming(iptablesChains(saved, 4), request('tcp', ends), [here]), { verdict: 'accept', translated: { port: 8080 } });
});

t.test('answers are looked at on their way out', async (t) => {
  const saved = (rule: string): string => `*filter\n:OUTPUT ACCEPT [0:0]\n${rule}\nCOMMIT\n`;
  const asked = (rule: string): FirewallVerdict => outgoing(iptablesChains(saved(rule), 4), reply('tcp', ends));
  t.match(asked('-A OUTPUT -p tcp -m tcp --sport 80 -j DROP'), drop);
  t.match(asked('-A OUTPUT -d 100.125.0.0/16 -o eth0 -j DROP'), drop);
  t.match(asked('-A OUTPUT -m state --state NEW -j DROP'), accept);
});

/** As ufw makes them, shortened; {ports} is what the user let in. */
const ufw = `*filter
:INPUT DROP [0:0]
:ufw-before-input - [0:0]
:ufw-after-input - [0:0]
:ufw-logging-deny - [0:0]
:ufw-not-local - [0:0]
:ufw-skip-to-policy-input - [0:0]
:ufw-user-input - [0:0]
-A INPUT -j ufw-before-input
-A INPUT -j ufw-after-input
-A ufw-after-input -p udp -m udp --dport 137 -j ufw-skip-to-policy-input
-A ufw-after-input -m addrtype --dst-type BROADCAST -j ufw-skip-to-policy-input
-A ufw-before-input -i lo -j ACCEPT
-A ufw-before-input -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A ufw-before-input -m conntrack --ctstate INVALID -j ufw-logging-deny
-A ufw-before-input -m conntrack --ctstate INVALID -j DROP
-A ufw-before-input -p icmp -m icmp --icmp-type 8 -j ACCEPT
-A ufw-before-input -j ufw-not-local
-A ufw-before-input -j ufw-user-input
-A ufw-logging-deny -m limit --limit 3/min --limit-burst 10 -j LOG --log-prefix "[UFW BLOCK] "
-A ufw-not-local -m addrtype --dst-type LOCAL -j RETURN
-A ufw-not-local -m addrtype --dst-type MULTICAST -j RETURN
-A ufw-not-local -m limit --limit 3/min --limit-burst 10 -j ufw-logging-deny
-A ufw-not-local -j DROP
-A ufw-skip-to-policy-input -j DROP
-A ufw-user-input -p tcp -m tcp --dport 22 -j ACCEPT
-A ufw-user-input -s 10.0.0.0/8 -p tcp -m tcp --dport 80 -j ACCEPT
COMMIT
`;

t.test('the rules of ufw are understood to the end', async (t) => {
  const ask = (changes: Partial<Ends>, protocol: Packet['protocol'] = 'tcp'): FirewallVerdict =>
    incoming(iptablesChains(ufw, 4), request(protocol, { ...ends, ...changes }), [here]);
  t.match(ask({}), { verdict: 'drop', rule: { text: 'policy drop' } });
  t.match(ask({ port: 22 }), accept);
  t.match(ask({ checker: addressRange('10.9.0.0/16') }), accept);
  t.match(ask({ checker: undefined }), { verdict: 'may', dependsOn: ['the source address'] });
  t.match(ask({}, 'icmp'), accept);
});

t.test('marks are 0 where no rule has set any, as in Kubernetes', async (t) => {
  const rule = '-A INPUT -m mark --mark 0x8000/0x8000 -j DROP';
  t.match(verdict(rule), accept);
  t.match(verdict(`-A INPUT -s 100.125.0.0/16 -j MARK --set-xmark 0x8000/0x8000\n${rule}`), may);
  t.match(verdict(`-A INPUT -s 10.0.0.0/8 -j MARK --set-xmark 0x8000/0x8000\n${rule}`), accept);
});

t.test('whatever stands in the file, there is an answer', async (t) => {
  for (const text of [
    '',
    '-A INPUT',
    '*filter\n-A INPUT -j',
    '*filter\n:INPUT\n-A INPUT ! -s',
    '*filter\n:INPUT DROP\n-A INPUT --dport x -j DROP',
    '*x\n:a - \n-A a -j a',
  ]) {
    t.ok(incoming(iptablesChains(text, 4), request('tcp', ends), [here]).verdict, text);
  }
});

t.test('IPv6 has rules of its own', async (t) => {
  const saved =
    '*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -p ipv6-icmp -m icmp6 --icmpv6-type 128 -j DROP\n-A INPUT -s fd00::/8 -p tcp -m tcp --dport 80 -j DROP\nCOMMIT\n';
  const chains = iptablesChains(saved, 6);
  const asked: Ends = { ...ends, family: 6, checker: addressRange('fd77::1'), here: [addressRange('fd78::2')!] };
  t.match(incoming(chains, request('tcp', asked), []), drop);
  t.match(incoming(chains, request('icmp', asked), []), drop);
  t.match(incoming(chains, request('tcp', ends), []), accept, 'and they are not for IPv4');
});

t.test('chains that jump to each other in circles, several times each, are given up soon', async (t) => {
  const jumps = '-A web -p tcp -j web\n'.repeat(4) + '-A web -p tcp -j log\n-A log -p tcp -j web\n';
  const before = process.cpuUsage();
  t.match(verdict(`-A INPUT -j web\n${jumps}`), { verdict: 'accept' });
  const { user } = process.cpuUsage(before);
  t.ok(user / 1000 < 5000, `${user / 1000} ms of processor time`);
});

t.test('chains that each jump to the next one twice, without a circle, are given up soon', async (t) => {
  const names = Array.from({ length: 30 }, (_, i) => `c${i}`);
  const rules = names.slice(1).map((name, i) => `-A c${i} -j ${name}\n-A c${i} -j ${name}`);
  const saved = ['*filter', ':INPUT ACCEPT [0:0]', ...names.map((name) => `:${name} - [0:0]`), '-A INPUT -j c0', ...rules, 'COMMIT'].join(
    '\n',
  );
  const before = process.cpuUsage();
  t.match(incoming(iptablesChains(saved, 4), request('tcp', ends), [here]), { verdict: 'accept' });
  const { user } = process.cpuUsage(before);
  t.ok(user / 1000 < 5000, `${user / 1000} ms of processor time`);
});
