import t from 'tap';
import type { Reason } from '#vitald/health/reasons.js';
import { addressKey } from '#vitald/probes/raw/addresses.js';
import { ErrorLimit, UdpWorld, type Ending } from '../../support/udp-hosts.js';

const there = '10.0.0.1';
const there6 = 'fd00::1';
const router = '10.0.0.254';
const second = 1000;

function reasonsOf(endings: readonly Ending[], sinceMs = 0): Reason[] {
  return endings.filter(({ atMs }) => atMs > sinceMs).map(({ reason }) => reason);
}

function count(endings: readonly Ending[], reason: Reason, sinceMs = 0): number {
  return reasonsOf(endings, sinceMs).filter((one) => one === reason).length;
}

/** Lets time pass until it is so. Returns how long that took, s. */
function secondsUntil(world: UdpWorld, mostSeconds: number, isSo: () => boolean): number {
  const startMs = world.clock.now();
  while (!isSo()) {
    if (world.clock.now() - startMs > mostSeconds * second) throw new Error(`not within ${mostSeconds} s`);
    world.clock.advance(100);
  }
  return (world.clock.now() - startMs) / second;
}

/** So many like outcomes in a row are a verdict. */
const threshold = 3;

/** Whether the last probes that say anything say this; icmp_limited says nothing. */
function isVerdict(endings: readonly Ending[], reason: Reason): boolean {
  const telling = endings.filter((ending) => ending.reason !== 'icmp_limited').slice(-threshold);
  return telling.length === threshold && telling.every((ending) => ending.reason === reason);
}

t.test('many closed ports on one Linux host', async (t) => {
  const cases = [
    { ports: 10, intervalMs: 5000, timeoutMs: 2000, foundWithinS: 16, oneReopenedS: 30, allReopenedS: 45 },
    { ports: 10, intervalMs: 1000, timeoutMs: 500, foundWithinS: 10, oneReopenedS: 25, allReopenedS: 25 },
    { ports: 50, intervalMs: 5000, timeoutMs: 2000, foundWithinS: 60, oneReopenedS: 120, allReopenedS: 60 },
    { ports: 50, intervalMs: 1000, timeoutMs: 500, foundWithinS: 50, oneReopenedS: 100, allReopenedS: 30 },
  ];
  for (const { ports, intervalMs, timeoutMs, foundWithinS, oneReopenedS, allReopenedS } of cases) {
    t.test(`${ports} ports, every ${intervalMs / 1000} s`, async (t) => {
      const world = new UdpWorld();
      const host = world.host(there);
      const closed = Array.from({ length: ports }, (_, i) => world.check(there, 5000 + i, intervalMs, timeoutMs));
      const silent = Array.from({ length: 5 }, (_, i) => world.check(there, 6000 + i, intervalMs, timeoutMs));
      for (let i = 0; i < silent.length; i++) host.open.add(6000 + i);

      const foundS = secondsUntil(world, foundWithinS, () => closed.every((endings) => isVerdict(endings, 'port_unreachable')));
      world.clock.advance(300 * second);
      t.equal(count(closed.flat(), 'ok'), 0, 'no probe of a closed port ever passed');
      for (const endings of silent) t.ok(isVerdict(endings, 'ok'), 'a silent port is open');
      t.same([...new Set(reasonsOf(silent.flat()))].sort(), ['icmp_limited', 'ok'], 'and never failed');
      t.equal(count(silent.flat(), 'icmp_limited', (foundWithinS + 30) * second), 0, 'nor was doubted for long');

      host.open.add(5003);
      const oneS = secondsUntil(world, oneReopenedS, () => isVerdict(closed[3]!, 'ok'));
      for (let i = 0; i < ports; i++) host.open.add(5000 + i);
      const allS = secondsUntil(world, allReopenedS, () => closed.every((endings) => isVerdict(endings, 'ok')));
      t.comment(`found within ${foundS} s; healthy again: one port after ${oneS} s, then all after ${allS} s`);
    });
  }
});

t.test('a host whose bucket is empty when the first probes come', async (t) => {
  const world = new UdpWorld();
  world.host(there, { limit: new ErrorLimit(1000, 6, 0) });
  const closed = Array.from({ length: 10 }, (_, i) => world.check(there, 5000 + i, 5000, 2000));
  secondsUntil(world, 40, () => closed.every((endings) => isVerdict(endings, 'port_unreachable')));
  for (const endings of closed) t.ok(count(endings, 'ok') <= 1, 'no verdict was wrong meanwhile');
});

t.test('a distant host, and one that limits its errors less', async (t) => {
  for (const limit of [new ErrorLimit(1000), new ErrorLimit(100), new ErrorLimit(1)]) {
    const world = new UdpWorld();
    const host = world.host(there6, { limit, roundTripMs: 80 });
    const closed = Array.from({ length: 20 }, (_, i) => world.check(there6, 5000 + i, 1000, 500));
    const silent = world.check(there6, 6000, 1000, 500);
    host.open.add(6000);
    secondsUntil(world, 25, () => closed.every((endings) => isVerdict(endings, 'port_unreachable')));
    world.clock.advance(60 * second);
    t.equal(count(closed.flat(), 'ok'), 0);
    t.ok(isVerdict(silent, 'ok'));
    t.equal(count(silent, 'port_unreachable'), 0);
  }
});

t.test('a host that limits its errors more: outcomes alternate a few times, and no more', async (t) => {
  const world = new UdpWorld();
  world.host(there, { limit: new ErrorLimit(10_000, 1) });
  const endings = world.check(there, 5000, 5000, 2000);
  world.clock.advance(600 * second);
  t.ok(count(endings, 'ok') <= 3, `${count(endings, 'ok')} passed`);
  t.equal(count(endings, 'ok', 120 * second), 0);
});

t.test('an error to another probe that a late checker hears late took the token all the same', async (t) => {
  const world = new UdpWorld();
  world.host(there, { limit: new ErrorLimit(100_000, 6, 0) });
  const [target, other] = [world.target(there, 5000, 900), world.target(there, 5001, 900)];
  const endings: Ending[] = [];
  world.start(target, 900, (ending) => endings.push(ending));
  world.heldUpMs = 200;
  world.clock.advance(250);
  for (let errors = 0; errors < 6; errors++) world.icmp.heard(other, 'port_unreachable', 'ICMP port unreachable');
  world.clock.advance(1000);
  t.same(reasonsOf(endings), ['icmp_limited']);
});

t.test('a service that restarts fails the probe that met it, and no other', async (t) => {
  const world = new UdpWorld();
  const host = world.host(there);
  host.open.add(53);
  const endings = world.check(there, 53, 5000, 2000);
  world.clock.advance(19 * second);
  host.open.delete(53);
  world.clock.advance(3 * second);
  host.open.add(53);
  world.clock.advance(60 * second);
  t.equal(count(endings, 'port_unreachable'), 1, reasonsOf(endings).join(' '));
});

t.test('a closed port that is not asked now ends at once with the error that is remembered, and sends nothing', async (t) => {
  const world = new UdpWorld();
  const host = world.host(there);
  const [first, other] = [world.target(there, 5000, 500), world.target(there, 5001, 500)];
  world.start(first, 500, () => undefined);
  world.clock.advance(100);
  world.start(other, 500, () => undefined);
  world.clock.advance(100);
  const endings: Ending[] = [];
  world.start(first, 500, (ending) => endings.push(ending));
  t.match(endings, [{ atMs: 200, reason: 'port_unreachable', detail: 'ICMP port unreachable 0 s ago' }]);
  t.equal(host.received.get(5000), 1);
});

t.test('an answer contradicts the error at once', async (t) => {
  const world = new UdpWorld();
  const host = world.host(there);
  const endings = world.check(there, 53, 5000, 2000);
  world.clock.advance(20 * second);
  host.answering.add(53);
  host.open.add(53);
  world.clock.advance(10 * second);
  t.same(reasonsOf(endings).slice(-2), ['ok', 'ok']);
});

t.test('with an expected answer each probe asks: only an answer passes, and it is not to be missed', async (t) => {
  const world = new UdpWorld();
  const host = world.host(there);
  const checks = Array.from({ length: 10 }, (_, i) => world.check(there, 5000 + i, 1000, 500, { expect: 'text:pong' }));
  world.clock.advance(30 * second);
  t.equal(count(checks.flat(), 'ok'), 0);
  host.open.add(5004);
  host.answering.add(5004);
  world.clock.advance(2 * second);
  t.equal(checks[4]!.at(-1)!.reason, 'ok');
});

t.test('where other probes use up the errors of a host', async (t) => {
  /** As a firewall that rejects TCP does: every error goes to some probe, and is heard. */
  function drained(): { world: UdpWorld; host: ReturnType<UdpWorld['host']> } {
    const world = new UdpWorld();
    const host = world.host(there);
    const stranger = world.target(there, 80, 500);
    const drain = (): void => {
      if (host.limit.allows(world.clock.now())) world.icmp.heard(stranger, 'admin_prohibited', 'prohibited');
      world.clock.after(70, drain);
    };
    drain();
    world.clock.advance(10 * second);
    return { world, host };
  }

  t.test('silence says nothing: a closed port is not taken for an open one, and is found by chance', async (t) => {
    const { world } = drained();
    const endings = world.check(there, 5000, 1000, 500);
    secondsUntil(world, 110, () => isVerdict(endings, 'port_unreachable'));
    world.clock.advance(60 * second);
    t.equal(count(endings, 'ok'), 0, reasonsOf(endings).join(' '));
  });

  t.test('after two minutes without an error a port is taken for open, new or reopened', async (t) => {
    const { world, host } = drained();
    const reopened = world.check(there, 5000, 1000, 500);
    secondsUntil(world, 110, () => isVerdict(reopened, 'port_unreachable'));
    host.open.add(5000).add(6000);
    const fresh = world.check(there, 6000, 1000, 500);
    world.clock.advance(100 * second);
    t.same([...new Set(reasonsOf(fresh))], ['icmp_limited']);
    world.clock.advance(150 * second);
    t.ok(isVerdict(fresh, 'ok'));
    t.ok(isVerdict(reopened, 'ok'), reasonsOf(reopened).slice(-5).join(' '));
  });
});

t.test('a host behind a router that is switched off', async (t) => {
  for (const [intervalMs, timeoutMs] of [
    [5000, 2000],
    [3000, 2000],
    [1000, 500],
    [20_000, 10_000],
  ] as const) {
    for (const address of ['10.1.0.1', 'fd01::1']) {
      t.test(`${address}, every ${intervalMs / 1000} s: the router's late error is remembered for the next probe`, async (t) => {
        const world = new UdpWorld();
        const host = world.host(address, { router: { address: router, limit: new ErrorLimit(1000) } });
        host.isOn = false;
        const endings = world.check(address, 53, intervalMs, timeoutMs);
        secondsUntil(world, 90, () => isVerdict(endings, 'host_unreachable'));
        const passed = count(endings, 'ok');
        t.ok(passed <= Math.ceil(4000 / intervalMs), `${passed} passed before`);
        world.clock.advance(200 * second);
        t.equal(count(endings, 'ok'), passed, 'and none later');
        t.ok(world.openSockets <= 2, `${world.openSockets} sockets are open`);

        host.isOn = true;
        host.open.add(53);
        secondsUntil(world, 30 + 5 * (intervalMs / 1000), () => isVerdict(endings, 'ok'));
      });
    }
  }

  t.test('its errors are shared by all hosts behind it', async (t) => {
    const world = new UdpWorld();
    const limit = new ErrorLimit(1000);
    const hosts = Array.from({ length: 10 }, (_, i) => world.host(`10.1.0.${i + 1}`, { router: { address: router, limit } }));
    const checks = hosts.map((host) => world.check(host.address, 53, 5000, 2000));
    for (const host of hosts) host.isOn = false;
    secondsUntil(world, 60, () => checks.every((endings) => isVerdict(endings, 'host_unreachable')));
    const foundMs = world.clock.now();
    world.clock.advance(300 * second);
    t.equal(count(checks.flat(), 'ok', foundMs), 0);
  });
});

t.test('in the same network the neighbor table tells of a host that is not there', async (t) => {
  const world = new UdpWorld();
  world.host(there).open.add(53);
  const endings = world.check(there, 53, 5000, 2000);
  const neighborIs = (neighbor: 'incomplete' | 'failed' | 'other', by?: string): void => {
    world.network.hops.set(there, { isLocal: false, router: by === undefined ? undefined : addressKey(by), neighbor });
    world.clock.advance(5 * second);
  };
  neighborIs('incomplete');
  t.match(endings.at(-1), { reason: 'host_unreachable', detail: 'the host does not answer ARP' });
  neighborIs('failed');
  t.match(endings.at(-1), { reason: 'host_unreachable' });
  neighborIs('failed', 'fe80::1');
  t.match(endings.at(-1), { reason: 'host_unreachable', detail: 'the router fe80::1 does not answer neighbor discovery' });
  neighborIs('other');
  t.match(endings.at(-1), { reason: 'ok' }, 'and that it is back, at once');
});

t.test('what this machine itself refuses is not remembered: its kernel limits no errors to itself', async (t) => {
  const world = new UdpWorld();
  const host = world.host(there);
  world.network.own.add(addressKey(there));
  const endings = world.check(there, 5000, 1000, 500);
  world.clock.advance(3 * second);
  t.equal(host.received.get(5000), 3, 'every probe asks');
  host.open.add(5000);
  world.clock.advance(2 * second);
  t.equal(endings.at(-1)!.reason, 'ok');
});

t.test('a target that leaves takes along all that is known of it', async (t) => {
  const world = new UdpWorld();
  const host = world.host('10.1.0.1', { router: { address: router, limit: new ErrorLimit(1000) } });
  host.open.add(53);
  const silent = world.target('10.1.0.1', 53, 500);
  world.start(silent, 500, () => undefined);
  world.clock.advance(600);
  t.equal(world.openSockets, 1, 'a socket waits for late errors');
  world.probe.cancel(silent);
  t.equal(world.openSockets, 0);

  const closed = world.target('10.1.0.1', 5000, 500);
  world.start(closed, 500, () => undefined);
  world.clock.advance(100);
  const endings: Ending[] = [];
  world.start(closed, 500, (ending) => endings.push(ending));
  t.match(endings, [{ reason: 'port_unreachable' }], 'the error is remembered');
  world.probe.cancel(closed);
  world.start({ ...closed, port: 5001 }, 500, (ending) => endings.push(ending));
  t.equal(endings.length, 1, 'but not held against the target that gets its slot: that is asked');
});

t.test('sockets that wait for late errors give way to probes when descriptors run out', async (t) => {
  const world = new UdpWorld();
  const hosts = [1, 2, 3, 4].map((i) => world.host(`10.1.0.${i}`, { router: { address: router, limit: new ErrorLimit(1000) } }));
  for (const host of hosts) host.open.add(53);
  world.mostSockets = 3;
  const endings: Ending[] = [];
  for (const { address } of hosts.slice(0, 3)) {
    world.start(world.target(address, 53, 500), 500, (ending) => endings.push(ending));
    world.clock.advance(600);
  }
  const last = world.target(hosts[3]!.address, 53, 500);
  world.start(last, 500, (ending) => endings.push(ending));
  t.match(endings.at(-1), { reason: 'checker_resources' });
  world.start(last, 500, (ending) => endings.push(ending));
  world.clock.advance(600);
  t.match(endings.at(-1), { reason: 'ok' });
});

t.test('with ping_first, the echo and the datagram have the whole timeout each, and the echo is sent whatever is remembered', async (t) => {
  const echoes: number[] = [];
  const world = new UdpWorld(1, ({ clock }) => ({
    compile: () => undefined,
    ready: () => ({ method: 'echo' }),
    start: (target, deadlineMs, done) => {
      echoes.push(deadlineMs - clock.now());
      clock.after(400, () => done(target, 'ok', 400, ''));
    },
    onTimer: () => undefined,
    cancel: () => undefined,
    close: () => undefined,
  }));
  const host = world.host(there);
  host.open.add(53);
  const endings: Ending[] = [];
  const silent = world.target(there, 53, 500, { ping_first: true });
  world.start(silent, 500, (ending) => endings.push(ending));
  world.clock.advance(2 * second);
  t.match(endings, [{ atMs: 900, reason: 'ok' }]);

  const closed = world.target(there, 5000, 500, { ping_first: true });
  for (let i = 0; i < 3; i++) {
    world.start(closed, 500, (ending) => endings.push(ending));
    world.clock.advance(600);
  }
  t.same(reasonsOf(endings).slice(1), ['port_unreachable', 'port_unreachable', 'port_unreachable']);
  t.equal(host.received.get(5000), 2, 'the datagram is left out once, while the host may have no error left');
  t.same(echoes, [500, 500, 500, 500]);
});
