import t, { type Test } from 'tap';
import type { Report } from '#vitald/diagnosis/report.js';
import { ask, changed, checks, healthyMachine, type Captured } from './captured-machine.js';

/** The first finding is the true cause, and nothing else is named certain. */
function first(t: Test, { findings }: Report, code: string, certainty: string, says: RegExp): void {
  t.match(findings[0], { code, certainty, summary: says });
  t.same(
    findings.slice(1).filter((finding) => finding.certainty === 'certain'),
    [],
    'no other cause is certain',
  );
}

const withFiles = (files: Captured['files']): Captured => changed(healthyMachine, { files });
const pressure = (share: number): string =>
  `some avg10=${share}.00 avg60=50.00 avg300=20.00 total=1\nfull avg10=${share}.00 avg60=0.00 avg300=0.00 total=0\n`;
const netstat = (paws: number, overflows: number, reverse: number): string =>
  `TcpExt: SyncookiesSent PAWSPassive ListenOverflows ListenDrops IPReversePathFilter\nTcpExt: 0 ${paws} ${overflows} 3 ${reverse}\n`;

t.test('a machine with nothing wrong is healthy', async (t) => {
  const report = await ask(healthyMachine);
  t.match(report, { verdict: 'healthy', findings: [], target: { address: '10.0.0.1', port: 80, type: 'tcp' } });
  t.match(report.summary, /Nothing on this machine.*100\.125\.0\.0\/16.*nginx \(process 17\).*0\.0\.0\.0:80/);
  t.match(report.leftOut, [{ name: /security groups/ }], 'what lies before the machine is always left out');
});

t.test('everything that was looked at is a step, with its result', async (t) => {
  const { steps } = await ask(healthyMachine);
  t.equal(steps.length, 8);
  for (const { name, result, tookMs } of steps) t.ok(result !== '' && tookMs >= 0, `${name}: ${result}`);
});

t.test('the remedy has the port, the address and the source of the case in it', async (t) => {
  const { findings } = await ask(withFiles({ '/proc/net/tcp': '' }));
  const { remedy } = findings[0]!;
  t.notMatch(JSON.stringify(remedy), /\{(port|address|source|path)\}/);
  t.match(remedy.linux.join('\n'), /:80\b/);
});

t.test('tcp_tw_recycle with tcp_timestamps is likely a cause, and certain where the kernel drops for it', async (t) => {
  const recycling = withFiles({ '/proc/sys/net/ipv4/tcp_tw_recycle': '1\n' });
  first(t, await ask(recycling), 'tw_recycle_with_timestamps', 'likely', /both on/);
  first(t, await ask(recycling, checks, { '/proc/net/netstat': netstat(4, 3, 0) }), 'tw_recycle_with_timestamps', 'certain', /both on/);
  const without = changed(recycling, { files: { '/proc/sys/net/ipv4/tcp_timestamps': '0\n' } });
  t.match(await ask(without), { verdict: 'healthy', findings: [] }, 'without timestamps it does no harm');
});

t.test('a full table of connections is a cause', async (t) => {
  const full = { '/proc/sys/net/netfilter/nf_conntrack_count': '65536\n', '/proc/sys/net/netfilter/nf_conntrack_max': '65536\n' };
  first(t, await ask(withFiles(full)), 'conntrack_full', 'certain', /65536 of 65536/);
  const half = { ...full, '/proc/sys/net/netfilter/nf_conntrack_count': '30000\n' };
  t.match(await ask(withFiles(half)), { verdict: 'healthy' });
});

t.test('high pressure is likely a cause, high load a possible one', async (t) => {
  first(t, await ask(withFiles({ '/proc/pressure/cpu': pressure(93) })), 'overloaded', 'likely', /waited for a processor 93 %/);
  first(t, await ask(withFiles({ '/proc/pressure/memory': pressure(31) })), 'overloaded', 'likely', /memory 31 %/);
  const report = await ask(withFiles({ '/proc/loadavg': '25.00 20.00 9.00 30/900 4321\n' }));
  first(t, report, 'overloaded', 'possible', /load is 25 on 2 processors/);
  t.equal(report.verdict, 'healthy', 'it may answer in time all the same');
});

t.test('hosts.deny is certain where the program has libwrap', async (t) => {
  const denied = withFiles({ '/etc/hosts.deny': '# nobody\nALL: 100.125.\n' });
  first(t, await ask(denied), 'hosts_deny', 'certain', /“ALL: 100\.125\.”/);
  const bare = changed(denied, { files: { '/proc/17/maps': '7f00-7f01 r-xp 00000000 08:01 1 /usr/lib/libc.so.6\n' } });
  first(t, await ask(bare), 'hosts_deny', 'possible', /does not use libwrap/);
  const hidden = changed(denied, { files: { '/proc/17/maps': '' } });
  first(t, await ask(hidden), 'hosts_deny', 'likely', /could not be seen/);
  const allowed = changed(denied, { files: { '/etc/hosts.allow': 'nginx: 100.125.0.0/255.255.0.0\n' } });
  t.match(await ask(allowed), { verdict: 'healthy', findings: [] }, 'hosts.allow comes first');
});

t.test('packets that the reverse path filter counts make rp_filter certain', async (t) => {
  const strict = changed(healthyMachine, {
    files: { '/proc/sys/net/ipv4/conf/all/rp_filter': '1\n', '/proc/sys/net/ipv4/conf/eth0/rp_filter': '0\n' },
    programs: { 'ip -j route get': { out: '[{"dst":"100.125.0.1","dev":"eth1","flags":[]}]' } },
  });
  first(t, await ask(strict), 'rp_filter_drops', 'likely', /come by eth0, the way back goes by eth1/);
  first(t, await ask(strict, checks, { '/proc/net/netstat': netstat(0, 3, 9) }), 'rp_filter_drops', 'certain', /eth0/);
  const loose = changed(strict, { files: { '/proc/sys/net/ipv4/conf/eth0/rp_filter': '2\n' } });
  t.match(await ask(loose), { verdict: 'healthy' }, 'the higher of both settings counts, and 2 is loose');
});

t.test('accept queues that overflow while this one is full or unknown are likely the cause', async (t) => {
  const grown = { '/proc/net/netstat': netstat(0, 9, 0) };
  const unknown = changed(healthyMachine, { programs: { 'ss -H': { exitCode: 255, err: 'Cannot open netlink socket' } } });
  const { programs } = unknown;
  const noSs = { ...unknown, programs: Object.fromEntries(Object.entries(programs).filter(([name]) => !name.startsWith('ss -H -l'))) };
  first(t, await ask(noSs, checks, grown), 'accept_queue_full', 'likely', /0\.0\.0\.0:80/);
  t.match(await ask(healthyMachine, checks, grown), { findings: [] }, 'another queue of this machine is not this one');
});

t.test('a gateway that does not answer is likely why no answer arrives', async (t) => {
  const dead = changed(healthyMachine, { programs: { 'ip -j neigh show': { out: '[{"dst":"10.0.0.254","state":["FAILED"]}]' } } });
  first(t, await ask(dead), 'no_route_back', 'likely', /gateway 10\.0\.0\.254, which does not answer/);
});

t.test('a port of a container is followed to where the firewall sends it', async (t) => {
  const rules = `# Generated by iptables-save v1.8.9 (nf_tables)
*nat
:PREROUTING ACCEPT [0:0]
:DOCKER - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A DOCKER -i docker0 -j RETURN
-A DOCKER ! -i docker0 -p tcp -m tcp --dport 80 -j DNAT --to-destination 172.17.0.2:8080
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
COMMIT
`;
  const docker = changed(healthyMachine, { files: { '/proc/net/tcp': '' }, programs: { 'iptables-save': { out: rules } } });
  const report = await ask(docker);
  t.match(report, { verdict: 'unknown', findings: [] }, 'INPUT is not for it, and what the container does is not known');
  t.match(report.summary, /handed on/);
  const refused = { end: 'refused', detail: 'connect ECONNREFUSED', tookMs: 0.1 } as const;
  first(t, await ask({ ...docker, connection: refused }), 'nothing_listens', 'likely', /hands port 80 on to 172\.17\.0\.2:8080/);
});

t.test('a port of which nobody can tell where it goes is not called unserved for sure', async (t) => {
  const rules = `*nat
:PREROUTING ACCEPT [0:0]
:KUBE-SVC - [0:0]
:KUBE-SEP-1 - [0:0]
:KUBE-SEP-2 - [0:0]
-A PREROUTING -p tcp -m tcp --dport 80 -j KUBE-SVC
-A KUBE-SVC -m statistic --mode random --probability 0.50000000000 -j KUBE-SEP-1
-A KUBE-SVC -j KUBE-SEP-2
-A KUBE-SEP-1 -p tcp -m tcp -j DNAT --to-destination 10.244.0.7:8080
-A KUBE-SEP-2 -p tcp -m tcp -j DNAT --to-destination 10.244.0.8:8080
COMMIT
*filter
:INPUT DROP [0:0]
COMMIT
`;
  const { findings, verdict } = await ask(
    changed(healthyMachine, { files: { '/proc/net/tcp': '' }, programs: { 'iptables-save': { out: rules } } }),
  );
  t.equal(verdict, 'unknown');
  for (const { code, certainty } of findings) t.equal(certainty, 'possible', code);
});

t.test('one full queue of several sockets that share a port is likely a cause', async (t) => {
  const { '/proc/net/tcp': table = '' } = healthyMachine.files;
  const two = `${table}\n${table.split('\n')[1]!.replace('4711', '4713')}`;
  const ss = (waiting: number): string =>
    `LISTEN ${waiting} 5 0.0.0.0:80 0.0.0.0:* ino:4711 sk:1 <->\nLISTEN 6 5 0.0.0.0:80 0.0.0.0:* ino:4713 sk:3 <->\n`;
  const machine = (waiting: number): Captured =>
    changed(healthyMachine, { files: { '/proc/net/tcp': two }, programs: { 'ss -H -l -t -n -e sport = :80': { out: ss(waiting) } } });
  first(t, await ask(machine(0)), 'accept_queue_full', 'likely', /of one of its 2 sockets, is full \(6 wait, the limit is 5\)/);
  first(t, await ask(machine(6)), 'accept_queue_full', 'certain', /full/);
});

t.test('programs at the interface, before the firewall, are named as not seen', async (t) => {
  const link = '[{"ifname":"lo"},{"ifname":"eth0","xdp":{"mode":2,"prog":{"id":7}}}]';
  const { verdict, leftOut } = await ask(changed(healthyMachine, { programs: { 'ip -d -j link show': { out: link } } }));
  t.equal(verdict, 'unknown');
  t.match(leftOut, [{ name: 'XDP programs' }]);
});

t.test('an address that is not of this machine is said to be none', async (t) => {
  first(
    t,
    await ask(healthyMachine, { ...checks, address: '10.0.0.7' }),
    'nothing_listens',
    'likely',
    /10\.0\.0\.7 is no address of this machine, which has 10\.0\.0\.1/,
  );
});

t.test('a UDP check is warned of limited ICMP errors', async (t) => {
  const udp = { port: 53, udp: true, from: '100.125.0.0/16' };
  const report = await ask(withFiles({ '/proc/sys/net/ipv4/icmp_ratelimit': '1000\n' }), udp);
  t.match(report, { verdict: 'healthy', findings: [{ code: 'icmp_errors_limited', certainty: 'possible' }] });
  t.match(await ask(healthyMachine, udp), { verdict: 'healthy', findings: [] });
});

t.test('what cannot be read is left out, and nothing is called healthy for it', async (t) => {
  const denied = { exitCode: 1, err: 'Operation not permitted (you must be root)\nnetlink: Error: cache initialization failed' };
  const report = await ask(changed(healthyMachine, { isRoot: false, programs: { 'nft -j list ruleset': denied } }));
  t.match(report, { verdict: 'unknown', findings: [] });
  t.match(report.leftOut, [{ name: 'rules of nftables', why: /run the doctor as root/ }]);
});

t.test('a machine without any of the programs is looked at all the same', async (t) => {
  const report = await ask({ ...healthyMachine, programs: {} });
  t.match(report, { verdict: 'unknown', findings: [] });
  t.match(report.leftOut.map(({ name }) => name).join(), /accept queue.*routes/);
});

t.test('a machine that shows nothing at all ends in a report', async (t) => {
  const report = await ask({ ...healthyMachine, files: {}, links: {}, programs: {}, addresses: [] });
  t.equal(report.findings[0]?.code, 'nothing_listens');
});

t.test('wrong options are refused with what is allowed', async (t) => {
  await t.rejects(ask(healthyMachine, { port: 70_000 }), { name: 'DoctorUsageError', message: /1 to 65535/ });
  await t.rejects(ask(healthyMachine, { port: 80, address: 'web' }), { message: /--address: "web"/ });
  await t.rejects(ask(healthyMachine, { port: 80, from: '10.0.0.0\/33' }), { message: /100\.125\.0\.0\/16/ });
  await t.rejects(ask(healthyMachine, { port: 80, address: '10.0.0.1', from: 'fd00::/8' }), { message: /IPv6/ });
});
