import t from 'tap';
import { survived } from '../support/checker-faults.js';
import { EngineWorld } from '../support/engine-world.js';
import { backendOf, listenerOf, planOf } from '../support/plans.js';

const id = '10.0.0.1:80';
const oneBackend = planOf(listenerOf('web', [backendOf('10.0.0.1')]));

t.test('first probes are spread over the first interval, and every backend gets its own', async (t) => {
  const backends = Array.from({ length: 100 }, (_, i) => backendOf(`10.0.1.${String(i)}`));
  const world = new EngineWorld(planOf(listenerOf('web', backends)));
  world.clock.advance(1000);
  t.equal(new Set(world.probe.starts.map((s) => s.address)).size, 100);
  const busiest = Math.max(
    ...Array.from({ length: 10 }, (_, tenth) => world.probe.starts.filter((s) => Math.floor(s.at / 100) === tenth).length),
  );
  t.ok(busiest <= 12, `${String(busiest)} in the busiest tenth`);
});

t.test('a backend is probed whether it is healthy or not, so that it comes back by itself', async (t) => {
  const world = new EngineWorld(oneBackend);
  world.probe.behave('10.0.0.1', { afterMs: 0, reason: 'connect_refused' });
  world.untilState('web', id, 'unhealthy');
  world.clock.advance(60_000);
  world.probe.behave('10.0.0.1', { afterMs: 0 });
  t.ok(world.untilState('web', id, 'healthy') <= 2000, 'two passes at one a second');
});

t.test('a slow backend does not delay another', async (t) => {
  const world = new EngineWorld(planOf(listenerOf('web', [backendOf('10.0.0.1'), backendOf('10.0.0.2')])));
  world.probe.behave('10.0.0.1', { afterMs: null });
  world.clock.advance(20_000);
  t.equal(world.probe.starts.filter((s) => s.address === '10.0.0.2').length, 20);
});

t.test('fixed rate: a probe that outlasts its interval leaves a start out, and never overlaps itself', async (t) => {
  const world = new EngineWorld(planOf(listenerOf('web', [backendOf('10.0.0.1')], { check: { intervalMs: 1000, timeoutMs: 2500 } })));
  world.probe.behave('10.0.0.1', { afterMs: null });
  world.clock.advance(12_000);
  const times = world.probe.starts.map((s) => s.at);
  t.same(times.slice(0, 4), [1, 3000, 6000, 9000], 'at multiples of the interval');
});

t.test('the checker’s fault is never the backend’s', async (t) => {
  t.test('a process that was stopped for ten seconds marks nothing unhealthy', async (t) => {
    const backends = Array.from({ length: 50 }, (_, i) => backendOf(`10.0.1.${String(i)}`));
    const world = new EngineWorld(planOf(listenerOf('web', backends, { check: { unhealthyThreshold: 1 } })));
    for (const { address } of backends) world.probe.behave(address, { afterMs: 100 });
    world.clock.advance(5000);
    const before = world.changes.length;
    for (const { address } of backends) world.probe.behave(address, { afterMs: null });
    world.clock.advance(200);
    // From here on they answer again; those in flight lose their answers to the stop.
    for (const { address } of backends) world.probe.behave(address, { afterMs: 100 });
    world.clock.stall(10_000);
    world.clock.advance(5000);
    t.equal(world.changes.length, before, 'no transition at all');
    t.ok(world.engine.counters.probes(0, 'checker_late') > 0, 'probes in flight ended as checker_late');
    survived(t, 'clock-stalled');
  });

  t.test('a short hold-up does not excuse a backend that is silent', async (t) => {
    const world = new EngineWorld(oneBackend);
    world.untilState('web', id, 'healthy');
    world.probe.behave('10.0.0.1', { afterMs: null });
    world.clock.stall(4);
    t.ok(world.untilState('web', id, 'unhealthy') <= 3510 + 1000);
  });

  t.test('answers that have arrived are read before a timeout is judged', async (t) => {
    const world = new EngineWorld(oneBackend);
    world.probe.behave('10.0.0.1', { afterMs: null });
    world.clock.advance(100);
    const drains = world.probe.drains;
    world.clock.advance(500);
    t.ok(world.probe.drains > drains);
  });

  t.test('a refusal counts even when the checker was late', async (t) => {
    const world = new EngineWorld(planOf(listenerOf('web', [backendOf('10.0.0.1')], { check: { unhealthyThreshold: 1 } })));
    world.probe.behave('10.0.0.1', { afterMs: 100, reason: 'connect_refused' });
    world.clock.advance(50);
    world.clock.stall(5000);
    world.clock.advance(200);
    t.equal(world.status('web', id).state, 'unhealthy');
  });
});

t.test('indeterminate outcomes are shown and change nothing', async (t) => {
  const world = new EngineWorld(oneBackend);
  world.untilState('web', id, 'healthy');
  world.probe.behave('10.0.0.1', { afterMs: 0, reason: 'checker_resources', detail: 'no descriptors left' });
  world.clock.advance(60_000);
  const status = world.status('web', id);
  t.equal(status.state, 'healthy');
  t.match(status.lastProbe, { reason: 'checker_resources', detail: 'no descriptors left' });
  t.match(status.run, { outcome: 'pass' });
  survived(t, 'resources-exhausted');
});

t.test('a transition is reported once, with reason, detail and run length', async (t) => {
  const world = new EngineWorld(oneBackend);
  world.untilState('web', id, 'healthy');
  world.probe.behave('10.0.0.1', { afterMs: 0, reason: 'connect_refused', detail: 'answered with RST' });
  world.clock.advance(30_000);
  const transitions = world.changes.filter((c) => c.what === 'state');
  t.equal(transitions.length, 2);
  t.match(transitions[1], {
    listener: 'web',
    backend: id,
    from: 'healthy',
    to: 'unhealthy',
    routable: false,
    because: 'unhealthy',
    reason: 'connect_refused',
    detail: 'answered with RST',
    runLength: 3,
  });
});

t.test('revisions only grow, over restarts too', async (t) => {
  const first = new EngineWorld(oneBackend);
  first.untilState('web', id, 'healthy');
  const last = first.engine.revisions.last;
  const second = new EngineWorld(oneBackend, { lastRevision: last });
  second.untilState('web', id, 'healthy');
  t.ok(second.changes[0]!.revision > last);
});

t.test('all dead, all alive: the last death routes to all, the first recovery ends it', async (t) => {
  const backends = [backendOf('10.0.0.1'), backendOf('10.0.0.2'), backendOf('10.0.0.3', { weight: 0 })];
  const world = new EngineWorld(planOf(listenerOf('web', backends, { allUnhealthy: 'all' })));
  world.clock.advance(3000);
  for (const { address } of backends) world.probe.behave(address, { afterMs: 0, reason: 'connect_refused' });
  world.clock.advance(5000);
  t.match(world.status('web', '10.0.0.1:80'), { state: 'unhealthy', routable: true, because: 'fail_open' });
  t.match(world.status('web', '10.0.0.2:80'), { state: 'unhealthy', routable: true, because: 'fail_open' });
  t.match(world.status('web', '10.0.0.3:80'), { routable: false, because: 'weight_zero' });
  const routing = world.changes.filter((c) => c.because === 'fail_open');
  t.equal(new Set(routing.map((c) => c.backend)).size, 2, 'each has a revision of its own');
  world.probe.behave('10.0.0.1', { afterMs: 0 });
  world.clock.advance(3000);
  t.match(world.status('web', '10.0.0.1:80'), { routable: true, because: 'healthy' });
  t.match(world.status('web', '10.0.0.2:80'), { routable: false, because: 'unhealthy' });
});

t.test('a stopped engine probes no more', async (t) => {
  const world = new EngineWorld(oneBackend);
  world.clock.advance(2000);
  const starts = world.probe.starts.length;
  world.engine.stop();
  world.clock.advance(10_000);
  t.equal(world.probe.starts.length, starts);
});
