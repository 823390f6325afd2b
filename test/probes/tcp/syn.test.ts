import t from 'tap';
import { SynProbe, type SynSettings } from '#vitald/probes/tcp/syn.js';
import { survived } from '../../support/checker-faults.js';
import { answerTo, FakeNetwork, icmpError, ipv4, ipv6 } from '../../support/fake-network.js';
import { SimulatedProbe } from '../../support/simulated-probe.js';

const tcp = 6;
const icmp = 1;
const icmpv6 = 58;
const synAck = 0x12;
const rst = 0x14;
const here = '10.0.0.100';
const there = '10.0.0.1';
const here6 = 'fd00::100';
const there6 = 'fd00::1';

function world(): { network: FakeNetwork; sim: SimulatedProbe<SynSettings>; ports: { first: number; last: number } } {
  const network = new FakeNetwork();
  const ports = { first: 61_000, last: 61_099 };
  const sim = new SimulatedProbe(
    (context) => new SynProbe(context, { openChannel: network.open, ports, findSource: () => 0x0a000064, close: () => undefined }),
  );
  return { network, sim, ports };
}

/** The Internet checksum over a segment and its pseudo header is 0 when it is right (RFC 1071). */
function checksumIsRight(segment: Buffer): boolean {
  const pseudo = Buffer.from([10, 0, 0, 100, 10, 0, 0, 1, 0, tcp, 0, segment.length]);
  const all = Buffer.concat([pseudo, segment]);
  let sum = 0;
  for (let i = 0; i < all.length; i += 2) sum += all.readUInt16BE(i);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return sum === 0xffff;
}

t.test('a SYN is sent, and its checksum is right', async (t) => {
  const { network, sim, ports } = world();
  for (let slot = 0; slot < 200; slot++) sim.start(sim.target(slot, there, 1 + slot * 300));
  t.equal(network.sent.length, 200);
  for (const { packet } of network.sent) {
    if (!checksumIsRight(packet)) t.fail(packet.toString('hex'));
    const port = packet.readUInt16BE(0);
    if (port < ports.first || port > ports.last) t.fail(`port ${String(port)}`);
    if (packet[13] !== 0x02) t.fail('not a SYN');
  }
  t.equal(new Set(network.sent.map(({ packet }) => packet.readUInt32BE(4))).size, 200, 'each with a secret of its own');
});

t.test('SYN-ACK is a pass, at the time it took', async (t) => {
  const { network, sim } = world();
  const endings = sim.start(sim.target(0, there, 80));
  sim.clock.advance(7);
  network.deliver(tcp, ipv4(there, here, tcp, answerTo(network.sent[0]!.packet, synAck)), there);
  t.match(endings, [{ reason: 'ok', rttMs: 7 }]);
});

t.test('RST is a refusal', async (t) => {
  const { network, sim } = world();
  const endings = sim.start(sim.target(0, there, 80));
  network.deliver(tcp, ipv4(there, here, tcp, answerTo(network.sent[0]!.packet, rst)), there);
  t.match(endings, [{ reason: 'connect_refused', detail: 'answered with RST' }]);
});

t.test('silence: three SYNs, evenly over the timeout, then connect_timeout at the deadline', async (t) => {
  const { network, sim } = world();
  const endings = sim.start(sim.target(0, there, 80));
  const counts = [900, 1100, 1900, 2100, 2999].map((at) => {
    sim.clock.advance(at - sim.clock.now());
    return network.sent.length;
  });
  t.same(counts, [1, 2, 2, 3, 3]);
  t.same(endings, []);
  sim.clock.advance(1);
  t.match(endings, [{ reason: 'connect_timeout', detail: 'no answer to 3 SYNs in 3 s', at: 3000 }]);
  t.equal(new Set(network.sent.map(({ packet }) => packet.readUInt16BE(0))).size, 3, 'each from another port');
});

t.test('an answer to a repeated SYN counts, and so does a late one to the first', async (t) => {
  for (const which of [0, 1]) {
    const { network, sim } = world();
    const endings = sim.start(sim.target(0, there, 80));
    sim.clock.advance(1500);
    network.deliver(tcp, ipv4(there, here, tcp, answerTo(network.sent[which]!.packet, synAck)), there);
    t.match(endings, [{ reason: 'ok', rttMs: 1500 }]);
  }
});

t.test('a late, repeated, foreign or forged reply changes nothing', async (t) => {
  const { network, sim } = world();
  const endings = sim.start(sim.target(0, there, 80));
  const syn = network.sent[0]!.packet;
  const forged: [string, Buffer, string][] = [
    ['another host', ipv4('10.0.0.2', here, tcp, answerTo(syn, synAck)), '10.0.0.2'],
    [
      'another port',
      ipv4(
        there,
        here,
        tcp,
        answerTo(syn, synAck, (s) => s.writeUInt16BE(81, 0)),
      ),
      there,
    ],
    [
      'a guessed secret',
      ipv4(
        there,
        here,
        tcp,
        answerTo(syn, synAck, (s) => s.writeUInt32BE(12345, 8)),
      ),
      there,
    ],
    [
      'the secret itself instead of secret + 1',
      ipv4(
        there,
        here,
        tcp,
        answerTo(syn, synAck, (s) => syn.copy(s, 8, 4, 8)),
      ),
      there,
    ],
    ['RST without ACK', ipv4(there, here, tcp, answerTo(syn, 0x04)), there],
    ['neither SYN nor RST', ipv4(there, here, tcp, answerTo(syn, 0x10)), there],
    ['cut short', ipv4(there, here, tcp, answerTo(syn, synAck)).subarray(0, 30), there],
  ];
  for (const [name, packet, source] of forged) {
    network.deliver(tcp, packet, source);
    t.same(endings, [], name);
  }
  const good = ipv4(there, here, tcp, answerTo(syn, synAck));
  network.deliver(tcp, good, there);
  network.deliver(tcp, good, there);
  network.deliver(tcp, ipv4(there, here, tcp, answerTo(syn, rst)), there);
  t.equal(endings.length, 1, 'repeated');
  sim.start(sim.target(0, there, 80));
  network.deliver(tcp, good, there);
  t.equal(endings.length, 1, 'late: the answer to the last probe is none to this one');
});

t.test('any bytes at all are survived', async (t) => {
  const { network, sim } = world();
  const endings = sim.start(sim.target(0, there, 80));
  for (let length = 0; length < 80; length++) {
    for (const fill of [0x00, 0x45, 0x4f, 0xff]) {
      network.deliver(tcp, Buffer.alloc(length, fill), there);
      network.deliver(icmp, Buffer.alloc(length, fill), there);
    }
  }
  t.same(endings, []);
});

t.test('an ICMP error ends the probe at once, with its own reason', async (t) => {
  const codes = {
    0: 'net_unreachable',
    1: 'host_unreachable',
    3: 'port_unreachable',
    9: 'admin_prohibited',
    10: 'admin_prohibited',
    13: 'admin_prohibited',
  };
  for (const [code, reason] of Object.entries(codes)) {
    const { network, sim } = world();
    const endings = sim.start(sim.target(0, there, 80));
    const about = ipv4(here, there, tcp, network.sent[0]!.packet.subarray(0, 8));
    network.deliver(icmp, ipv4('10.0.0.254', here, icmp, icmpError(3, Number(code), about)), '10.0.0.254');
    t.match(endings, [{ reason }], `code ${code}: ${reason}`);
  }
});

t.test('an ICMP error about another destination, or “fragmentation needed”, changes nothing', async (t) => {
  const { network, sim } = world();
  const endings = sim.start(sim.target(0, there, 80));
  const syn = network.sent[0]!.packet.subarray(0, 8);
  network.deliver(icmp, ipv4('10.0.0.254', here, icmp, icmpError(3, 1, ipv4(here, '10.0.0.7', tcp, syn))), '10.0.0.254');
  network.deliver(icmp, ipv4('10.0.0.254', here, icmp, icmpError(3, 4, ipv4(here, there, tcp, syn))), '10.0.0.254');
  network.deliver(icmp, ipv4('10.0.0.254', here, icmp, icmpError(11, 0, ipv4(here, there, tcp, syn))), '10.0.0.254');
  t.same(endings, []);
});

/** Changes one byte of a copy. */
function damaged(packet: Buffer, at: number): Buffer {
  const copy = Buffer.from(packet);
  copy[at]! ^= 1;
  return copy;
}

t.test('an ICMP error that does not quote the SYN of this probe changes nothing', async (t) => {
  const { network, sim } = world();
  const endings = [sim.start(sim.target(0, there, 80)), sim.start(sim.target(1, there6, 80))];
  const [syn, syn6] = network.sent.map(({ packet }) => packet);
  const quoting = (about: Buffer): void => network.deliver(icmp, ipv4('10.0.0.254', here, icmp, icmpError(3, 13, about)), '10.0.0.254');
  const quoting6 = (about: Buffer): void => network.deliver(icmpv6, icmpError(1, 1, about), 'fd00::ffff');
  quoting(ipv4(here, '10.0.0.7', tcp, syn!));
  quoting(ipv4(here, there, tcp, damaged(syn!, 3)));
  quoting(ipv4(here, there, tcp, damaged(syn!, 7)));
  quoting(ipv4(here, there, 17, syn!));
  quoting(ipv4(here, there, tcp, syn!).subarray(0, 27));
  quoting(ipv6(here6, there6, tcp, syn!));
  quoting6(ipv6(here6, 'fd00::7', tcp, syn6!));
  quoting6(ipv6(here6, there6, tcp, damaged(syn6!, 3)));
  quoting6(ipv6(here6, there6, tcp, damaged(syn6!, 7)));
  quoting6(ipv6(here6, there6, 17, syn6!));
  quoting6(ipv6(here6, there6, tcp, syn6!).subarray(0, 47));
  // The secret of the one probe, quoted as if it had gone to the other one's address.
  quoting6(ipv6(here6, there6, tcp, syn!));
  quoting(ipv4(here, there, tcp, syn6!));
  t.same(endings, [[], []]);
});

t.test('IPv6: SYN-ACK, RST and ICMPv6 errors', async (t) => {
  const backend = 'fd00::1';
  const { network, sim } = world();
  const passes = sim.start(sim.target(0, backend, 80));
  t.equal(network.sent[0]!.options.checksumOffset, 16, 'the kernel fills in the checksum');
  network.deliver(tcp, answerTo(network.sent[0]!.packet, synAck), 'fd00::2');
  t.same(passes, [], 'another host');
  network.deliver(tcp, answerTo(network.sent[0]!.packet, synAck), backend);
  t.match(passes, [{ reason: 'ok' }]);
  const prohibited = sim.start(sim.target(1, 'FD00:0::1', 80));
  network.deliver(icmpv6, icmpError(1, 1, ipv6(here6, backend, tcp, network.sent[1]!.packet)), 'fd00::ffff');
  t.match(prohibited, [{ reason: 'admin_prohibited' }]);
});

t.test('another spelling of an IPv6 address is the same backend', async (t) => {
  const { network, sim } = world();
  const endings = sim.start(sim.target(0, 'FD00:0:0::0:1', 80));
  network.deliver(tcp, answerTo(network.sent[0]!.packet, synAck), 'fd00::1');
  t.match(endings, [{ reason: 'ok' }]);
});

t.test('what the kernel refuses to send', async (t) => {
  const expected = {
    not_permitted: 'checker_permission',
    net_unreachable: 'net_unreachable',
    host_unreachable: 'host_unreachable',
    failed: 'checker_resources',
  } as const;
  for (const [result, reason] of Object.entries(expected)) {
    const { network, sim } = world();
    network.sendResult = result as keyof typeof expected;
    t.match(sim.start(sim.target(0, there, 80)), [{ reason }], `${result}: ${reason}`);
  }
  survived(t, 'sending-forbidden');
});

t.test('a full send buffer is not the backend’s fault', async (t) => {
  const { network, sim } = world();
  network.sendResult = 'busy';
  const never = sim.start(sim.target(0, there, 80));
  sim.clock.advance(3000);
  t.match(never, [{ reason: 'checker_resources' }], 'full for the whole timeout');
  const later = sim.start(sim.target(1, there, 80));
  network.sendResult = 'sent';
  sim.clock.advance(1000);
  network.deliver(tcp, ipv4(there, here, tcp, answerTo(network.sent[0]!.packet, synAck)), there);
  t.match(later, [{ reason: 'ok' }], 'sent at the second try');
  survived(t, 'send-buffer-full', 2);
});

t.test('a route that changes between two probes does not fail the second one', async (t) => {
  const network = new FakeNetwork();
  let source = 0x0a000064;
  const sim = new SimulatedProbe(
    (context) =>
      new SynProbe(context, { openChannel: network.open, ports: { first: 1, last: 9 }, findSource: () => source, close: () => undefined }),
  );
  const target = sim.target(0, there, 80);
  sim.start(target);
  network.deliver(tcp, ipv4(there, here, tcp, answerTo(network.sent[0]!.packet, synAck)), there);
  source = 0x0a000065;
  sim.start(target);
  t.ok(checksumIsRight(network.sent[1]!.packet), 'the first packet goes out as before');
  sim.clock.advance(1000);
  t.notOk(checksumIsRight(network.sent[2]!.packet), 'the repeated one with the new address');
});

t.test('cancel and close end everything silently', async (t) => {
  const { network, sim } = world();
  const target = sim.target(0, there, 80);
  const canceled = sim.start(target);
  sim.probe.cancel(target);
  sim.clock.advance(5000);
  network.deliver(tcp, ipv4(there, here, tcp, answerTo(network.sent[0]!.packet, synAck)), there);
  t.same(canceled, []);
  const closed = sim.start(target);
  sim.probe.close();
  sim.clock.advance(5000);
  t.same(closed, []);
  t.ok(network.closed > 0, 'the sockets are closed');
});
