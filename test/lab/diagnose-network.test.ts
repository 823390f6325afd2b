import type { Test } from 'tap';
import type { Report } from '#vitald/diagnosis/report.js';
import { codes, diagnosis, type Diagnosed } from '../support/lab/diagnosing.js';
import type { Lab } from '../support/lab/lab.js';
import { at, joinRouted, nodes } from '../support/lab/routed-network.js';
import { labSuite, type World } from '../support/lab/suite.js';
import { Stopwatch } from '../support/stopwatch.js';

/** Addresses of the backend, by what its firewall does with them. */
const noPing = '10.78.0.3';
const notFromChecker = '10.78.0.4';
const lossy = '10.78.0.5';
/** A host behind the router without a default route. */
const island = '10.80.0.2';
const deadNeighbour6 = 'fd77::99';
const checker = '10.77.0.1';
const otherSource = '100.64.0.10';

const firewall = `table inet lab {
  chain input { type filter hook input priority 0;
    tcp dport 81 drop
    tcp dport 82 reject with tcp reset
    tcp dport 83 meta nfproto ipv4 reject with icmp type admin-prohibited
    ip daddr ${noPing} icmp type echo-request drop
    ip daddr ${notFromChecker} ip saddr ${checker} drop
    ip daddr ${lossy} tcp flags & (syn | ack) == syn numgen inc mod 5 == 0 drop
    udp dport 57 drop
    tcp dport 87 ip saddr ${checker} drop
  }
}`;

const routerFirewall = 'table inet lab { chain forward { type filter hook forward priority 0; tcp dport 88 reject with tcp reset; }; }';

/** What the checker itself forbids. */
const ownFirewall = 'table inet lab { chain output { type filter hook output priority 0; tcp dport 86 drop; }; }';

/** Listens with room for two connections, and accepts none: it is stopped. */
const neverAccepts = `const server = require('net').createServer().listen({ port: 90, host: '0.0.0.0', backlog: 1 }, () => {
  console.log('listening');
  process.kill(process.pid, 'SIGSTOP');
});`;
const twoClients = `for (let i = 0; i < 4; i++) require('net').connect(90, '${at.backend}').on('connect', () => console.log('connected')).on('error', () => {});`;

async function fillQueue(lab: Lab): Promise<void> {
  await lab.start('backend', [process.execPath, '-e', neverAccepts]).line(/listening/);
  await lab.start('backend', [process.execPath, '-e', twoClients]).line(/connected/);
}

interface Expected extends Diagnosed {
  readonly address?: string;
  /** Each as `code certainty`, in their order. */
  readonly findings: readonly string[];
  readonly verdict?: Report['verdict'];
  readonly summary?: RegExp;
  readonly leftOut?: RegExp;
}

const pingFirst = { type: 'udp', options: { udp: { ping_first: true } } };
const closed = ['port_closed likely', 'firewall_rejects possible'];

const cases: Readonly<Record<string, readonly Expected[]>> = {
  'everything is fine: nothing is found': [
    { findings: [], verdict: 'healthy', summary: /Nothing is wrong/ },
    { address: at.backend6, findings: [], verdict: 'healthy' },
    { port: 53, check: pingFirst, findings: [], verdict: 'healthy' },
    { check: { type: 'ping' }, findings: [], verdict: 'healthy' },
  ],
  'nothing listens, or on loopback only: a closed port': [
    { port: 9, findings: closed },
    { port: 85, findings: closed },
    { address: at.backend6, port: 9, findings: closed },
  ],
  'a firewall drops the check port': [
    { port: 81, findings: ['firewall_drops_port certain'] },
    { port: 81, address: at.backend6, findings: ['firewall_drops_port certain'] },
    { port: 81, check: { type: 'http', timeoutMs: 2000 }, findings: ['firewall_drops_port certain'] },
  ],
  'a firewall drops everything from the check’s source, but not from another address': [
    { address: notFromChecker, findings: ['firewall_drops_source likely', 'no_route_back possible'], summary: /100\.64\.0\.10/ },
    { address: notFromChecker, check: { type: 'ping' }, findings: ['firewall_drops_source likely', 'no_route_back possible'] },
    { address: notFromChecker, check: { source: otherSource }, findings: [], verdict: 'healthy' },
  ],
  'a firewall drops the port for the check’s source only': [
    { port: 87, findings: ['firewall_drops_source certain'], summary: /not from 100\.64\.0\.10/ },
  ],
  'a firewall rejects with RST: from here the same as a closed port': [{ port: 82, findings: closed }],
  'a router that rejects with RST is nearer than the host': [
    { port: 88, findings: ['firewall_rejects likely', 'port_closed possible'], summary: /nearer/ },
  ],
  'a firewall rejects with ICMP prohibited': [{ port: 83, findings: ['firewall_rejects certain'], summary: /firewall of the backend/ }],
  'ICMP is dropped, while TCP or UDP work': [
    { address: noPing, check: { type: 'ping' }, findings: ['icmp_blocked certain'] },
    { address: noPing, port: 53, check: pingFirst, findings: ['icmp_blocked certain'] },
    { address: noPing, findings: [], verdict: 'healthy' },
  ],
  'the host is gone, in the same network and behind a router': [
    { address: at.deadNeighbour, findings: ['host_down certain'] },
    { address: at.deadNeighbour, check: { type: 'ping' }, findings: ['host_down certain'] },
    { address: deadNeighbour6, findings: ['host_down certain'] },
    { address: at.deadBehindRouter, findings: ['host_down certain'], summary: /10\.77\.0\.254/ },
  ],
  'there is no route, here or at a router': [
    { address: at.unrouted, findings: ['no_route certain'] },
    { address: at.unroutedAtRouter, findings: ['no_route certain'], summary: /10\.77\.0\.254/ },
  ],
  'the backend has no default route, and so no way back': [
    {
      address: island,
      findings: ['no_route_back likely', 'firewall_drops_source likely', 'host_down possible'],
      summary: /as far as 10\.77\.0\.254/,
    },
  ],
  'the accept queue is full': [{ port: 90, findings: ['accept_queue_full likely', 'firewall_drops_port possible'] }],
  'the check goes to the wrong port': [
    { port: 80, checkPort: 84, findings: ['wrong_port likely', ...closed] },
    { port: 80, checkPort: 81, findings: ['firewall_drops_port certain', 'wrong_port possible'] },
  ],
  'the UDP port is closed, while ping is answered': [{ port: 55, check: pingFirst, findings: closed }],
  'a firewall drops the UDP port, or the service does not answer': [
    {
      port: 57,
      check: { type: 'udp', options: { udp: { expect: 'text:pong' } } },
      findings: ['accepts_but_silent likely', 'firewall_drops_port possible'],
    },
  ],
  'a fifth of the packets is lost': [{ address: lossy, findings: ['packet_loss certain'], verdict: 'healthy', summary: /of 20/ }],
  'the checker’s own firewall forbids sending': [{ port: 86, verdict: 'unknown', findings: ['checker_cannot_send certain'] }],
  'the check’s source is not this machine’s': [
    { check: { source: '100.64.0.99' }, verdict: 'unknown', findings: ['checker_source_missing certain'] },
  ],
  'without CAP_NET_RAW it does what it can, and says what it left out': [
    { raw: false, findings: [], verdict: 'healthy', leftOut: /CAP_NET_RAW/ },
    { raw: false, port: 9, findings: closed, leftOut: /CAP_NET_RAW/ },
    { raw: false, port: 81, findings: ['firewall_drops_port likely'], leftOut: /CAP_NET_RAW/ },
  ],
};

/** Begins them all, a few at a time: each takes seconds, and most of that is waiting. */
function begin(lab: Lab): Map<Expected, Promise<Timed>> {
  const atOnce = 5;
  const all = Object.values(cases).flat();
  const begun = new Map<Expected, Promise<Timed>>();
  all.forEach((one, i) => {
    const before = begun.get(all[i - atOnce]!);
    const diagnosed = Promise.resolve(before).then(() => timed(() => diagnosis(lab, one.address ?? at.backend, one)));
    // Its test will see it.
    diagnosed.catch(() => undefined);
    begun.set(one, diagnosed);
  });
  return begun;
}

interface Timed {
  readonly report: Report;
  readonly watch: Stopwatch;
}

async function timed(diagnose: () => Promise<Report>): Promise<Timed> {
  const watch = await Stopwatch.start();
  const report = await diagnose();
  return { report, watch: watch.stop() };
}

/** Of checks by ping alone it is said each time; other tests hold that. */
const trap = 'ping_says_nothing_of_service';

function judge(t: Test, { report: whole, watch }: Timed, { findings, verdict = 'unhealthy', summary, leftOut }: Expected): void {
  const report = { ...whole, findings: whole.findings.filter(({ code }) => code !== trap) };
  const { target } = report;
  const what = `${target.type} ${target.address}:${target.port}: ${report.summary} (${String(watch)})`;
  t.same(codes(report), findings, what);
  t.equal(report.verdict, verdict, what);
  if (summary !== undefined) t.match(report.summary, summary);
  if (leftOut !== undefined) t.ok(report.leftOut.some(({ why }) => leftOut.test(why)));
  t.ok(watch.isWithin(16_000), `within its time: ${String(watch)}`);
  for (const finding of report.findings) t.ok(finding.evidence.length > 0, `${finding.code} has evidence`);
}

labSuite<World & { readonly begun: Map<Expected, Promise<Timed>> }>({
  nodes: [...nodes, 'island'],
  async build(lab) {
    await joinRouted(lab);
    await lab.link(
      { node: 'router', interface: 'eth2', addresses: ['10.80.0.254/24'] },
      { node: 'island', interface: 'eth0', addresses: [`${island}/24`] },
    );
    for (const address of [noPing, notFromChecker, lossy]) await lab.ip('backend', `addr add ${address}/24 dev eth0`);
    await lab.ip('checker', `addr add ${otherSource}/32 dev eth0`);
    await lab.ip('router', `route add ${otherSource} via ${checker}`);
    await lab.reaches('router', island);
    await lab.firewall('backend', firewall);
    await lab.firewall('router', routerFirewall);
    await lab.firewall('checker', ownFirewall);
    const backend = await lab.agent('backend');
    for (const port of [80, 81, 83, 87]) await backend.call('serveTcp', { address: '::', port });
    await backend.call('serveTcp', { address: '127.0.0.1', port: 85 });
    for (const address of [at.backend, noPing]) await backend.call('serveUdp', { address, port: 53, reply: 'pong' });
    await (await lab.agent('island')).call('serveTcp', { address: '::', port: 80 });
    await fillQueue(lab);
    return { lab, begun: begin(lab) };
  },
  tests: Object.fromEntries(
    Object.entries(cases).map(([name, list]) => [
      name,
      async (t, { begun }) => {
        for (const one of list) judge(t, await begun.get(one)!, one);
      },
    ]),
  ),
});
