/** What the checker's own network loses is never the backend's fault. */
import t from 'tap';
import type { Reason } from '#vitald/health/reasons.js';
import { EngineWorld } from '../support/engine-world.js';
import { backendOf, listenerOf, planOf } from '../support/plans.js';

const id = '10.0.0.1:80';
const check = { intervalMs: 5000, timeoutMs: 500, unhealthyThreshold: 1 };
const oneBackend = planOf(listenerOf('web', [backendOf('10.0.0.1')], { check }));
const withSource = planOf(listenerOf('web', [backendOf('10.0.0.1')], { check: { ...check, source: '10.0.0.99' } }));
const silence: readonly Reason[] = ['connect_timeout', 'ping_timeout', 'reply_timeout', 'response_timeout', 'tls_timeout'];
const unreachable: readonly Reason[] = ['net_unreachable', 'host_unreachable'];

function healthyWorld(plan = oneBackend): EngineWorld {
  const world = new EngineWorld(plan);
  world.untilState('web', id, 'healthy');
  return world;
}

const lastReason = (world: EngineWorld): Reason | undefined => world.status('web', id).lastProbe?.reason;

t.test('while check.source is not on this machine, nothing is sent, and nothing is held against the backend', async (t) => {
  const world = healthyWorld(withSource);
  world.network.set('10.0.0.99', false);
  const starts = world.probe.starts.length;
  world.clock.advance(30_000);
  t.equal(world.probe.starts.length, starts);
  t.match(world.status('web', id), {
    state: 'healthy',
    lastProbe: { reason: 'checker_source_missing', detail: '10.0.0.99 is not an address of this machine' },
  });
});

t.test('probing resumes within a second after the address returns, whatever the interval', async (t) => {
  const world = healthyWorld(withSource);
  world.network.set('10.0.0.99', false);
  world.clock.advance(12_000);
  world.probe.behave('10.0.0.1', { afterMs: 0, reason: 'connect_refused' });
  world.network.set('10.0.0.99', true);
  world.clock.advance(1000);
  t.equal(lastReason(world), 'connect_refused');
});

t.test('a check.interface that is gone is the same', async (t) => {
  const world = healthyWorld(planOf(listenerOf('web', [backendOf('10.0.0.1')], { check: { ...check, interface: 'eth0' } })));
  world.network.set('eth0', false);
  world.clock.advance(10_000);
  t.match(world.status('web', id), { state: 'healthy', lastProbe: { reason: 'checker_source_missing' } });
});

t.test('an address that is removed during a probe takes its answer away', async (t) => {
  for (const reason of silence) {
    const world = healthyWorld();
    world.probe.behave('10.0.0.1', { afterMs: 400, reason });
    world.clock.advance(5100);
    world.network.removeAddress(4, world.clock.now());
    world.clock.advance(400);
    t.equal(world.engine.counters.probes(0, 'checker_source_missing'), 1, reason);
    world.clock.advance(1000);
    t.equal(lastReason(world), reason, 'the probe that follows within a second counts again');
  }
});

t.test('the interface toward the backend is down or has no carrier', async (t) => {
  for (const reason of [...silence, ...unreachable]) {
    const world = healthyWorld();
    world.network.setLink(2, false, world.clock.now());
    world.probe.behave('10.0.0.1', { afterMs: 0, reason });
    world.clock.advance(30_000);
    t.match(world.status('web', id), { state: 'healthy', lastProbe: { reason: 'checker_offline' } }, reason);
    world.network.setLink(2, true, world.clock.now());
    world.clock.advance(1900);
    t.equal(world.status('web', id).state, 'healthy', 'a link that has just come up does not carry everything at once');
    world.clock.advance(1000);
    t.equal(world.status('web', id).state, 'unhealthy', 'then failures count again');
  }
});

t.test('a link that failed and came back during a probe', async (t) => {
  const world = healthyWorld();
  world.probe.behave('10.0.0.1', { afterMs: 400, reason: 'connect_timeout' });
  world.clock.advance(5100);
  world.network.setLink(2, false, world.clock.now());
  world.network.setLink(2, true, world.clock.now());
  world.clock.advance(350);
  t.equal(lastReason(world), 'checker_offline');
});

t.test('another interface that is down changes nothing', async (t) => {
  const world = healthyWorld();
  world.network.setLink(7, false, world.clock.now());
  world.probe.behave('10.0.0.1', { afterMs: 0, reason: 'connect_timeout' });
  world.clock.advance(5000);
  t.equal(world.status('web', id).state, 'unhealthy');
});

t.test('an answer counts whatever the links do', async (t) => {
  const world = healthyWorld();
  world.network.setLink(2, false, world.clock.now());
  world.probe.behave('10.0.0.1', { afterMs: 0, reason: 'connect_refused' });
  world.clock.advance(5000);
  t.equal(world.status('web', id).state, 'unhealthy');
});

t.test('a UDP pass by silence says nothing while the link is down', async (t) => {
  const world = healthyWorld();
  world.probe.passesBySilence = true;
  world.network.setLink(2, false, world.clock.now());
  world.clock.advance(10_000);
  t.equal(lastReason(world), 'checker_offline');
});

const three = planOf(listenerOf('web', [backendOf('10.0.0.1'), backendOf('10.0.0.2'), backendOf('10.0.0.3')], { check }));

function noRouteTo(world: EngineWorld, ...addresses: string[]): void {
  for (const address of addresses) {
    world.network.routes.set(address, 'none');
    world.probe.behave(address, { afterMs: 0, reason: 'net_unreachable' });
  }
}

t.test('no route to any backend that was reached before is the fault of this machine', async (t) => {
  const world = healthyWorld(three);
  world.clock.advance(5000);
  noRouteTo(world, '10.0.0.1', '10.0.0.2', '10.0.0.3');
  world.clock.advance(30_000);
  for (const backend of ['10.0.0.1:80', '10.0.0.2:80', '10.0.0.3:80']) {
    t.match(world.status('web', backend), { state: 'healthy', lastProbe: { reason: 'checker_offline' } }, backend);
  }
  world.network.routes.clear();
  world.clock.advance(1000);
  t.equal(world.status('web', '10.0.0.2:80').state, 'unhealthy', 'with the route back, the next probe counts, within a second');
});

t.test('a route that is missing for one backend alone is a failure', async (t) => {
  const world = healthyWorld(three);
  world.clock.advance(5000);
  noRouteTo(world, '10.0.0.2');
  world.clock.advance(5000);
  t.match(world.status('web', '10.0.0.2:80'), { state: 'unhealthy', lastProbe: { reason: 'net_unreachable' } });
  t.equal(world.status('web', id).state, 'healthy');
});

t.test('a backend on this machine itself does not show that there is an uplink', async (t) => {
  const world = healthyWorld(three);
  world.network.routes.set('10.0.0.3', { interfaceIndex: 1, isLocal: true });
  world.network.generation++;
  world.clock.advance(10_000);
  noRouteTo(world, '10.0.0.1', '10.0.0.2');
  world.clock.advance(10_000);
  t.match(world.status('web', id), { state: 'healthy', lastProbe: { reason: 'checker_offline' } });
});

t.test('a backend that never had a route is unreachable, not the checker offline', async (t) => {
  const world = new EngineWorld(oneBackend);
  noRouteTo(world, '10.0.0.1');
  world.clock.advance(20_000);
  t.match(world.status('web', id), { state: 'unhealthy', lastProbe: { reason: 'net_unreachable' } });
});

t.test('IPv4 that is cut off says nothing about IPv6', async (t) => {
  const world = new EngineWorld(planOf(listenerOf('web', [backendOf('10.0.0.1'), backendOf('fd00::1')], { check })));
  world.clock.advance(10_000);
  noRouteTo(world, '10.0.0.1');
  world.clock.advance(10_000);
  t.equal(world.status('web', id).lastProbe?.reason, 'checker_offline', 'the IPv6 backend is no witness for IPv4');
  t.equal(world.status('web', 'fd00::1:80').state, 'healthy');
});

t.test('passing probes ask for no route again until interfaces change', async (t) => {
  const world = healthyWorld();
  world.clock.advance(60_000);
  t.equal(world.network.asked, 1);
  world.network.generation++;
  world.clock.advance(60_000);
  t.equal(world.network.asked, 2);
});

t.test('backends that were cut off and removed are forgotten', async (t) => {
  const world = healthyWorld(three);
  world.network.setLink(2, false, world.clock.now());
  for (const address of ['10.0.0.1', '10.0.0.2', '10.0.0.3']) world.probe.behave(address, { afterMs: 0, reason: 'connect_timeout' });
  world.clock.advance(10_000);
  world.apply(oneBackend);
  world.network.setLink(2, true, world.clock.now());
  const starts = world.probe.starts.length;
  world.clock.advance(1000);
  t.same(new Set(world.probe.starts.slice(starts).map(({ address }) => address)), new Set(['10.0.0.1']));
});
