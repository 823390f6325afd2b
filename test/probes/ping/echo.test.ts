import t from 'tap';
import { EchoProbe, type EchoSettings } from '#vitald/probes/ping/echo.js';
import { FakeNetwork, icmpError, ipv4, ipv6 } from '../../support/fake-network.js';
import { SimulatedProbe } from '../../support/simulated-probe.js';

const icmp = 1;
const icmpv6 = 58;
const here = '10.0.0.100';
const there = '10.0.0.1';

function world(): { network: FakeNetwork; sim: SimulatedProbe<EchoSettings> } {
  const network = new FakeNetwork();
  return { network, sim: new SimulatedProbe((context) => new EchoProbe(context, network.open)) };
}

/** What a host answers: the same data, another type. */
function replyTo(request: Buffer, type = 0): Buffer {
  const reply = Buffer.from(request);
  reply[0] = type;
  return reply;
}

t.test('an echo request with the right checksum, and its reply', async (t) => {
  const { network, sim } = world();
  const endings = sim.start(sim.target(0, there, 0));
  const request = network.sent[0]!.packet;
  let sum = 0;
  for (let i = 0; i < request.length; i += 2) sum += request.readUInt16BE(i);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  t.equal(sum, 0xffff, 'RFC 1071');
  sim.clock.advance(3);
  network.deliver(icmp, ipv4(there, here, icmp, replyTo(request)), there);
  t.match(endings, [{ reason: 'ok', rttMs: 3 }]);
});

t.test('identifier and sequence are others for each probe', async (t) => {
  const { network, sim } = world();
  for (let slot = 0; slot < 50; slot++) sim.start(sim.target(slot, there, 0));
  t.equal(new Set(network.sent.map(({ packet }) => packet.readUInt32BE(4))).size, 50);
});

t.test('a reply from another host, a request, or a repeated reply changes nothing', async (t) => {
  const { network, sim } = world();
  const endings = sim.start(sim.target(0, there, 0));
  const request = network.sent[0]!.packet;
  network.deliver(icmp, ipv4('10.0.0.2', here, icmp, replyTo(request)), '10.0.0.2');
  network.deliver(icmp, ipv4(there, here, icmp, request), there);
  t.same(endings, []);
  network.deliver(icmp, ipv4(there, here, icmp, replyTo(request)), there);
  network.deliver(icmp, ipv4(there, here, icmp, replyTo(request)), there);
  t.equal(endings.length, 1);
});

t.test('silence: three requests, then ping_timeout', async (t) => {
  const { network, sim } = world();
  const endings = sim.start(sim.target(0, there, 0));
  sim.clock.advance(3000);
  t.equal(network.sent.length, 3);
  t.match(endings, [{ reason: 'ping_timeout', detail: 'no reply to 3 echo requests in 3 s' }]);
});

t.test('“unreachable” about this request ends it at once', async (t) => {
  const { network, sim } = world();
  const endings = sim.start(sim.target(0, there, 0));
  const request = network.sent[0]!.packet;
  network.deliver(icmp, ipv4('10.0.0.254', here, icmp, icmpError(3, 1, ipv4(here, '10.0.0.9', icmp, request))), '10.0.0.254');
  t.same(endings, [], 'about another destination');
  network.deliver(icmp, ipv4('10.0.0.254', here, icmp, icmpError(3, 13, ipv4(here, there, icmp, request))), '10.0.0.254');
  t.match(endings, [{ reason: 'admin_prohibited' }]);
});

t.test('IPv6: reply and error', async (t) => {
  const { network, sim } = world();
  const passes = sim.start(sim.target(0, 'fd00::1', 0));
  network.deliver(icmpv6, replyTo(network.sent[0]!.packet, 129), 'fd00::1');
  t.match(passes, [{ reason: 'ok' }]);
  const fails = sim.start(sim.target(1, 'fd00::1', 0));
  network.deliver(icmpv6, icmpError(1, 3, ipv6('fd00::100', 'fd00::1', icmpv6, network.sent[1]!.packet)), 'fd00::ffff');
  t.match(fails, [{ reason: 'host_unreachable' }]);
});

t.test('an ICMPv6 error that does not quote the request of this probe changes nothing', async (t) => {
  const { network, sim } = world();
  const endings = sim.start(sim.target(0, 'fd00::1', 0));
  const request = network.sent[0]!.packet;
  const guessed = Buffer.from(request);
  guessed[7]! ^= 1;
  for (const about of [
    ipv6('fd00::100', 'fd00::7', icmpv6, request),
    ipv6('fd00::100', 'fd00::1', icmpv6, guessed),
    ipv6('fd00::100', 'fd00::1', 6, request),
    ipv6('fd00::100', 'fd00::1', icmpv6, request).subarray(0, 47),
    ipv4(here, there, icmpv6, request),
  ]) {
    network.deliver(icmpv6, icmpError(1, 3, about), 'fd00::ffff');
  }
  t.same(endings, []);
});

t.test('any bytes at all are survived', async (t) => {
  const { network, sim } = world();
  const endings = sim.start(sim.target(0, there, 0));
  for (let length = 0; length < 80; length++) {
    for (const fill of [0x00, 0x03, 0x45, 0x4f, 0xff]) {
      network.deliver(icmp, Buffer.alloc(length, fill), there);
      network.deliver(icmpv6, Buffer.alloc(length, fill), there);
    }
  }
  t.same(endings, []);
});
