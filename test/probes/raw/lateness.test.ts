/** What a late process does to half-open TCP and ping, which share all of this (raw-probe.ts). */
import t from 'tap';
import { SynProbe, type SynSettings } from '#vitald/probes/tcp/syn.js';
import { answerTo, FakeNetwork, ipv4 } from '../../support/fake-network.js';
import { SimulatedProbe } from '../../support/simulated-probe.js';

const tcp = 6;
const synAck = 0x12;
const here = '10.0.0.100';
const there = '10.0.0.1';

function world(): { network: FakeNetwork; sim: SimulatedProbe<SynSettings> } {
  const network = new FakeNetwork();
  const ports = { first: 61_000, last: 61_099 };
  const findSource = (): number => 0x0a000064;
  const sim = new SimulatedProbe(
    (context) => new SynProbe(context, { openChannel: network.open, ports, findSource, close: () => undefined }),
  );
  return { network, sim };
}

/** The backend's answer to the latest SYN, read this long after it arrived. */
function answer(network: FakeNetwork, ageMs = 0): void {
  network.deliver(tcp, ipv4(there, here, tcp, answerTo(network.sent.at(-1)!.packet, synAck)), there, ageMs);
}

t.test('the round-trip time ends when the answer arrived, not when it is read', async (t) => {
  const { network, sim } = world();
  const endings = sim.start(sim.target(0, there, 80));
  sim.clock.stall(400);
  answer(network, 393);
  t.match(endings, [{ reason: 'ok', rttMs: 7 }]);
});

t.test('an answer that arrived in time counts, however late it is read', async (t) => {
  const { network, sim } = world();
  const endings = sim.start(sim.target(0, there, 80));
  sim.clock.stall(60_000);
  answer(network, 57_500);
  t.match(endings, [{ reason: 'ok', rttMs: 2500 }]);
});

t.test('an answer that arrived after the deadline does not count, although nobody had judged it yet', async (t) => {
  const { network, sim } = world();
  const endings = sim.start(sim.target(0, there, 80));
  sim.clock.advance(2500);
  sim.clock.stall(1500);
  answer(network, 500);
  t.match(endings, [{ reason: 'connect_timeout' }]);
});

t.test('a deadline that is judged late, with every SYN sent in time, is as good as one judged in time', async (t) => {
  const { sim } = world();
  const endings = sim.start(sim.target(0, there, 80));
  sim.clock.advance(2500);
  sim.clock.stall(2000);
  sim.clock.advance(1);
  t.match(endings, [{ reason: 'connect_timeout', at: 4500 }]);
});

t.test('a repeat that is late moves the deadline: the backend gets its full time to answer it', async (t) => {
  const { network, sim } = world();
  const endings = sim.start(sim.target(0, there, 80));
  sim.clock.advance(900);
  // The second SYN is due at 1000 and leaves at 1600.
  sim.clock.stall(700);
  sim.clock.advance(1);
  t.equal(network.sent.length, 2);
  sim.clock.advance(1998);
  t.equal(network.sent.length, 3);
  t.same(endings, []);
  sim.clock.advance(1500);
  t.match(endings, [{ reason: 'connect_timeout', at: 3600 }]);
});

t.test('a repeat that is late by more than the deadline can move ends the probe as the fault of the checker', async (t) => {
  const { sim } = world();
  const endings = sim.start(sim.target(0, there, 80));
  sim.clock.advance(900);
  sim.clock.stall(10_000);
  sim.clock.advance(1);
  t.match(endings, [{ reason: 'checker_late', at: 10_900 }]);
});

t.test('silence says nothing when the kernel dropped answers meanwhile', async (t) => {
  const { network, sim } = world();
  const first = sim.start(sim.target(0, there, 80));
  sim.clock.advance(2000);
  network.drops = 3;
  sim.clock.advance(1000);
  t.match(first, [{ reason: 'checker_late', detail: /receive buffer of this checker overflowed/ }]);
});

t.test('a deadline up to which not everything was read waits', async (t) => {
  const { sim } = world();
  const target = sim.target(0, there, 80);
  const endings = sim.start(target);
  sim.clock.advance(2999);
  sim.clock.stall(10);
  sim.probe.onTimer(target, 2998);
  t.same(endings, []);
  sim.clock.advance(20);
  t.match(endings, [{ reason: 'connect_timeout' }]);
});

t.test('a socket whose address or interface is gone is closed, and another opened when needed', async (t) => {
  const { network, sim } = world();
  const target = sim.target(0, there, 80, { interface: 'eth0' });
  sim.start(target);
  const opened = network.opened;
  sim.clock.advance(4000);
  sim.start(target);
  t.equal(network.opened, opened, 'nothing changed');
  sim.network.recreate('eth0');
  sim.clock.advance(4000);
  sim.start(target);
  t.ok(network.closed > 0 && network.opened > opened);
});
