import t from 'tap';
import { conclude } from '#vitald/diagnosis/diagnose/conclude.js';
import { networkRules } from '#vitald/diagnosis/diagnose/network/index.js';
import { backend, found, gateway, host, judged, loss, neighbour, outcome, route, seen, subjectOf, syn } from './world.js';

const tcp = subjectOf({ type: 'tcp', timeoutMs: 1000 });
const ping = subjectOf({ type: 'ping' });
const answered = { ping: host('answered', { hopsBack: 1 }), closedPort: syn(1, 'refused', { hopsBack: 1 }), route: route('by_gateway') };
const nothing = { ping: host('silent'), closedPort: syn(1, 'silent'), checkPort: syn(80, 'silent') };
const ack = (answered: boolean) => ({ strayAck: { answered, evidence: seen('ACK') } });

t.test('a refused port is closed, likely; a firewall that refuses is possible', async (t) => {
  const said = judged(tcp, 'connect_refused', { ...answered, checkPort: syn(80, 'refused', { hopsBack: 1 }) });
  t.same(
    said.findings.map(({ code, certainty }) => [code, certainty]),
    [
      ['port_closed', 'likely'],
      ['firewall_rejects', 'possible'],
    ],
  );
  t.equal(said.verdict, 'unhealthy');
  t.match(said.summary, /Port 80 of 10\.78\.0\.2 is closed/);
  t.match(said.findings[0]?.remedy.text, /doctor --port 80/);
  t.match(said.findings[0]?.remedy.linux, [/sport = :80/], 'the case’s own port stands in the commands');
});

t.test('a refusal that comes from nearer than the host is a firewall’s, likely', async (t) => {
  const network = { ...answered, checkPort: syn(80, 'refused', { hopsBack: 0 }) };
  t.same(found(tcp, 'connect_refused', network), ['firewall_rejects likely', 'port_closed possible']);
});

t.test('a closed check port beside a service that answers is the wrong port', async (t) => {
  const subject = subjectOf({ type: 'tcp' }, { port: 80, checkPort: 81 });
  const network = { ...answered, checkPort: syn(81, 'refused'), servicePort: syn(80, 'open') };
  const said = judged(subject, 'connect_refused', network);
  t.equal(said.findings[0]?.code, 'wrong_port');
  t.equal(said.findings[0]?.remedy.yaml, 'check:\n  port: 80\n');
  t.notOk(said.findings.some(({ certainty }) => certainty === 'certain'));
});

t.test('silence beside closed ports that refuse is a firewall, certain', async (t) => {
  const network = { ...answered, ...ack(false), checkPort: syn(80, 'silent') };
  t.same(found(tcp, 'connect_timeout', network), ['firewall_drops_port certain']);
});

t.test('without ping it is likely only: a firewall may have refused in the name of a dead host', async (t) => {
  const network = { ...answered, ...ack(false), ping: host('silent'), checkPort: syn(80, 'silent') };
  t.same(found(tcp, 'connect_timeout', network), ['firewall_drops_port likely']);
});

t.test('without raw packets, which tell a full accept queue apart, it is likely only', async (t) => {
  t.same(found(tcp, 'connect_timeout', { ...answered, checkPort: syn(80, 'silent') }), ['firewall_drops_port likely']);
});

t.test('silence on SYNs, but RST on a stray ACK: the port’s own TCP has no room', async (t) => {
  const network = { ...answered, ...ack(true), checkPort: syn(80, 'silent') };
  t.same(found(tcp, 'connect_timeout', network), ['accept_queue_full likely', 'firewall_drops_port possible']);
});

t.test('silence on every TCP port, while ping is answered: a firewall likely, a closed port possible', async (t) => {
  const network = { ...nothing, ...ack(false), ping: host('answered'), route: route('by_gateway') };
  t.same(found(tcp, 'connect_timeout', network), ['firewall_drops_port likely', 'port_closed possible']);
});

t.test('another address is let in: the check’s source is dropped', async (t) => {
  const otherSources = [{ source: '10.77.0.9', heard: true, evidence: seen('other') }];
  const port = { ...answered, ...ack(false), checkPort: syn(80, 'silent'), otherSources };
  t.same(found(tcp, 'connect_timeout', port), ['firewall_drops_source certain'], 'certain where the host answers the source elsewhere');
  const all = { ...nothing, otherSources, route: route('by_gateway') };
  t.same(
    found(tcp, 'connect_timeout', all),
    ['firewall_drops_source likely', 'no_route_back possible'],
    'else its way back may be missing',
  );
});

t.test('an ICMP refusal is a firewall, certain, and its sender is named', async (t) => {
  const network = { ...answered, checkPort: syn(80, 'prohibited', { from: gateway, detail: 'ICMP prohibited' }) };
  t.same(found(tcp, 'admin_prohibited', network), ['firewall_rejects certain']);
  t.match(judged(tcp, 'admin_prohibited', network).summary, gateway);
});

t.test('“port unreachable” to a SYN is a firewall, for TCP itself says RST', async (t) => {
  const network = { ...answered, checkPort: syn(80, 'unreachable', { missing: 'port', from: backend }) };
  t.same(found(tcp, 'port_unreachable', network), ['firewall_rejects certain']);
});

t.test('nobody answers for the address in this network: the host is down, certain', async (t) => {
  const unreachable = { missing: 'host', from: '10.77.0.1' } as const;
  const network = { ...nothing, checkPort: syn(80, 'unreachable', unreachable), neighbour: neighbour('absent'), route: route('on_link') };
  t.same(found(tcp, 'host_unreachable', network), ['host_down certain']);
  t.same(found(ping, 'ping_timeout', { ...nothing, neighbour: neighbour('absent'), route: route('on_link') }), ['host_down certain']);
});

t.test('nobody answers for the gateway: there is no way', async (t) => {
  const network = { ...nothing, neighbour: neighbour('absent', gateway), route: route('by_gateway') };
  t.same(found(tcp, 'connect_timeout', network), ['no_route certain']);
});

t.test('a router that waited before it said “host unreachable” has asked: certain; one that refused at once: likely', async (t) => {
  const by = (rttMs: number) => syn(80, 'unreachable', { missing: 'host', from: gateway, rttMs });
  t.same(found(tcp, 'host_unreachable', { ...nothing, checkPort: by(3050), route: route('by_gateway') }), ['host_down certain']);
  const atOnce = { ...nothing, checkPort: by(0.5), route: route('by_gateway') };
  t.same(found(tcp, 'host_unreachable', atOnce), ['host_down likely', 'firewall_rejects possible']);
});

t.test('“host unreachable” about a host that answers is a firewall’s', async (t) => {
  const network = { ...answered, checkPort: syn(80, 'unreachable', { missing: 'host', from: gateway, rttMs: 1 }) };
  t.same(found(tcp, 'host_unreachable', network), ['firewall_rejects certain']);
});

t.test('no route here, or at a router', async (t) => {
  const here = { checkPort: syn(80, 'not_sent', { missing: 'network' }), route: route('none', { detail: 'Network is unreachable' }) };
  t.same(found(tcp, 'net_unreachable', here), ['no_route certain']);
  const there = { checkPort: syn(80, 'unreachable', { missing: 'network', from: gateway }), route: route('by_gateway') };
  t.same(found(tcp, 'net_unreachable', there), ['no_route certain']);
  t.match(judged(tcp, 'net_unreachable', there).summary, gateway);
});

t.test('a router that told only a later packet why counts too', async (t) => {
  const refusal = { from: gateway, missing: 'network', detail: 'ICMP network unreachable' } as const;
  const hops = { routers: [], loopAt: undefined, refusal, evidence: seen('hops') };
  t.same(found(tcp, 'connect_timeout', { ...nothing, route: route('by_gateway'), hops }), ['no_route certain']);
  const noHost = { ...hops, refusal: { ...refusal, missing: 'host' } as const };
  const said = found(tcp, 'connect_timeout', { ...nothing, route: route('by_gateway'), hops: noHost });
  t.same(said, ['host_down likely', 'firewall_rejects possible']);
});

t.test('nothing comes back at all: what is commoner stands first, and nothing is certain', async (t) => {
  const routers = { routers: [{ hop: 1, address: gateway }], loopAt: undefined, refusal: undefined, evidence: seen('hops') };
  const routed = { ...nothing, route: route('by_gateway'), neighbour: neighbour('present', gateway) };
  t.same(
    found(tcp, 'connect_timeout', { ...routed, hops: routers }),
    ['no_route_back likely', 'firewall_drops_source likely', 'host_down possible'],
    'routers on the way speak, and none says that the host is gone',
  );
  t.same(
    found(tcp, 'connect_timeout', { ...routed, hops: { ...routers, routers: [] } }),
    ['host_down likely', 'firewall_drops_source likely', 'no_route_back possible'],
    'nobody on the way speaks',
  );
  t.same(
    found(tcp, 'connect_timeout', { ...nothing, route: route('on_link'), neighbour: neighbour('present') }),
    ['firewall_drops_source likely', 'no_route_back possible', 'host_down possible'],
    'the host is on the link',
  );
});

t.test('routers that pass packets in a circle have a wrong route', async (t) => {
  const hops = { routers: [], loopAt: gateway, refusal: undefined, evidence: seen('hops') };
  t.same(found(tcp, 'connect_timeout', { ...nothing, route: route('by_gateway'), hops }), ['no_route likely']);
});

t.test('ping is silent while a port answers: ping is blocked, certain', async (t) => {
  t.same(found(ping, 'ping_timeout', { ping: host('silent'), closedPort: syn(1, 'refused') }), ['icmp_blocked certain']);
  t.same(found(ping, 'ping_timeout', { ping: host('silent'), servicePort: syn(80, 'open') }), ['icmp_blocked certain']);
});

t.test('a TCP check does not mind that ping is blocked', async (t) => {
  t.same(found(tcp, 'ok', { ping: host('silent'), checkPort: syn(80, 'open'), closedPort: syn(1, 'refused') }), []);
});

t.test('lost packets are counted', async (t) => {
  const open = { ...answered, checkPort: syn(80, 'open') };
  const lossy = { ...open, loss: loss(20, 16), closedPortLoss: loss(10, 8, 1) };
  t.same(found(tcp, 'ok', lossy), ['packet_loss certain'], 'also of a backend that is healthy');
  t.match(judged(tcp, 'ok', lossy).summary, /4 of 20/);
  t.same(found(tcp, 'ok', { ...open, loss: loss(20, 19), closedPortLoss: loss(10, 10, 1) }), [], 'one of twenty says nothing');
  t.same(found(tcp, 'connect_timeout', { ...open, loss: loss(20, 19) }), ['packet_loss possible'], 'unless the check fails');
});

t.test('lost packets that nothing was compared with are lost likely; pings alone may be limited', async (t) => {
  t.same(found(tcp, 'connect_timeout', { ...answered, checkPort: syn(80, 'open'), loss: loss(10, 7) }), ['packet_loss likely']);
  const pings = { ping: host('answered'), closedPort: syn(1, 'refused'), loss: loss(20, 12), closedPortLoss: loss(10, 10) };
  t.same(found(ping, 'ping_timeout', pings), ['packet_loss possible']);
  t.same(found(ping, 'ok', pings), []);
});

t.test('what passes at times is not blamed on a firewall', async (t) => {
  const facts = { check: { outcomes: [...outcome('ok').outcomes, ...outcome('connect_timeout').outcomes], evidence: [] }, service: {} };
  const network = { ...answered, ...ack(false), checkPort: syn(80, 'silent') };
  const { findings } = conclude(tcp, { ...facts, network }, { causes: networkRules, traps: [] });
  t.match(findings, [{ code: 'packet_loss', certainty: 'possible' }]);
});

t.test('an error of which nobody knows the sender is taken for less', async (t) => {
  const unknown = syn(80, 'unreachable', { missing: 'host', rttMs: 3000 });
  t.same(found(tcp, 'host_unreachable', { checkPort: unknown, route: route('by_gateway') }), [
    'host_down likely',
    'firewall_rejects possible',
  ]);
});

t.test('packets lost to the service but not to a closed port: its accept queue runs over', async (t) => {
  const network = { ...answered, checkPort: syn(80, 'open'), loss: loss(20, 8), closedPortLoss: loss(10, 10, 1) };
  t.same(found(tcp, 'connect_timeout', network), ['accept_queue_full likely', 'packet_loss possible']);
});

t.test('a SYN-ACK that comes after the timeout: the timeout is too short', async (t) => {
  const said = judged(tcp, 'connect_timeout', { ...answered, checkPort: syn(80, 'open', { rttMs: 1400 }) });
  t.equal(said.findings[0]?.code, 'timeout_too_short');
  t.equal(said.findings[0]?.remedy.yaml, 'check:\n  timeout: 3s\n');
});

t.test('UDP', async (t) => {
  const udp = subjectOf({ type: 'udp', options: { udp: { ping_first: true } } });
  const closed = { datagram: host('unreachable', { missing: 'port' }), ping: host('answered') };
  t.same(found(udp, 'port_unreachable', closed), ['port_closed likely', 'firewall_rejects possible'], 'a closed port');
  const pingBlocked = { ping: host('silent'), datagram: host('answered'), closedPort: syn(1, 'refused') };
  t.same(found(udp, 'ping_timeout', pingBlocked), ['icmp_blocked certain'], 'ping blocked, while the service answers');
  const expecting = subjectOf({ type: 'udp', options: { udp: { expect: 'text:pong' } } });
  const silent = { datagram: host('silent'), ping: host('answered'), closedDatagram: host('unreachable', { missing: 'port' }) };
  t.same(
    found(expecting, 'reply_timeout', silent),
    ['accepts_but_silent likely', 'firewall_drops_port possible'],
    'a service that stays silent',
  );
  const allSilent = { ...silent, closedDatagram: host('silent') };
  t.same(found(expecting, 'reply_timeout', allSilent), ['firewall_drops_port likely', 'accepts_but_silent possible'], 'a firewall');
  t.same(found(expecting, 'reply_mismatch', { ...silent, datagram: host('answered') }), ['answer_malformed likely'], 'another answer');
  const plain = subjectOf({ type: 'udp', options: {} });
  t.same(found(plain, 'ok', allSilent), ['icmp_errors_limited possible'], 'the trap: even a closed port is silent');
});

t.test('the checker’s own faults come first', async (t) => {
  const subject = subjectOf({ type: 'tcp', source: '10.77.0.50' });
  const elsewhere = { sourceIsHere: { here: false, evidence: seen('source') }, ...answered, checkPort: syn(80, 'refused') };
  t.same(found(subject, 'connect_refused', elsewhere)[0], 'port_closed likely', 'a source that is used all the same is not missing');
  const missing = { sourceIsHere: { here: false, evidence: seen('source') }, route: route('none') };
  t.same(found(subject, 'checker_source_missing', missing), ['checker_source_missing certain']);
  t.same(found(subject, 'checker_source_missing', {}), ['checker_source_missing certain'], 'the probe itself says so');
  const forbidden = { checkPort: syn(80, 'not_sent', { forbiddenHere: true }), closedPort: syn(1, 'refused') };
  t.same(found(tcp, 'checker_permission', forbidden), ['checker_cannot_send certain']);
  const onlyPing = { ...answered, ping: host('not_sent', { forbiddenHere: true }), checkPort: syn(80, 'refused') };
  t.same(found(tcp, 'connect_refused', onlyPing)[0], 'port_closed likely', 'a ban on pings means nothing to a TCP check');
  t.same(found(ping, 'checker_permission', {}), ['checker_cannot_send certain']);
  t.same(found(tcp, 'checker_late', {}), ['checker_overloaded likely']);
});

t.test('what nothing explains is said, with all that was seen', async (t) => {
  const said = judged(tcp, 'connect_reset', { ...answered, checkPort: syn(80, 'open'), loss: loss(10, 10) });
  t.same(
    said.findings.map(({ code }) => code),
    ['unexplained'],
  );
  t.ok(said.findings[0]!.evidence.length >= 5);
});

t.test('a healthy backend has no findings', async (t) => {
  const said = judged(tcp, 'ok', { ...answered, checkPort: syn(80, 'open'), loss: loss(10, 10) });
  t.same(said.findings, []);
  t.equal(said.verdict, 'healthy');
  t.match(said.summary, /Nothing is wrong/);
});

t.test('a check that could not be made at all has the verdict unknown', async (t) => {
  t.equal(judged(ping, 'checker_permission', {}).verdict, 'unknown');
});
