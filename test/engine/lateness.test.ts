/** A checker that is short of time finds the truth late, but finds it. */
import t from 'tap';
import { EngineWorld } from '../support/engine-world.js';
import { backendOf, listenerOf, planOf } from '../support/plans.js';

const id = '10.0.0.1:80';
const oneBackend = planOf(listenerOf('web', [backendOf('10.0.0.1')]));

/** Lets time pass on a process that is stopped for the first 100 ms of every 400 ms. */
function advanceStarved(world: EngineWorld, ms: number): void {
  for (let passed = 0; passed < ms; passed += 400) {
    world.clock.stall(100);
    world.clock.advance(300);
  }
}

t.test('a silent backend is found although a quarter of the time is lost in pieces of 100 ms', async (t) => {
  const world = new EngineWorld(oneBackend);
  world.untilState('web', id, 'healthy');
  world.probe.behave('10.0.0.1', { afterMs: null });
  const start = world.clock.now();
  while (world.status('web', id).state !== 'unhealthy' && world.clock.now() - start < 60_000) advanceStarved(world, 400);
  // Three failures at one a second, and a timeout of half a second.
  t.ok(world.clock.now() - start <= 1.5 * 3500, `${String(world.clock.now() - start)} ms`);
});

t.test('a backend that answers within its timeout stays healthy although a quarter of the time is lost', async (t) => {
  const world = new EngineWorld(oneBackend);
  world.untilState('web', id, 'healthy');
  world.probe.behave('10.0.0.1', { afterMs: 300 });
  const before = world.changes.length;
  advanceStarved(world, 120_000);
  t.equal(world.changes.length, before);
});

t.test('a deadline is not judged before everything that had arrived by then was read', async (t) => {
  const world = new EngineWorld(planOf(listenerOf('web', [backendOf('10.0.0.1')], { check: { unhealthyThreshold: 1 } })));
  world.untilState('web', id, 'healthy');
  world.probe.behave('10.0.0.1', { afterMs: null });
  world.clock.advance(1000);
  // So much has arrived that a turn does not read all of it: one packet may be the answer.
  world.probe.readToMs = world.clock.now();
  world.clock.advance(5000);
  t.equal(world.status('web', id).state, 'healthy');
  world.probe.readToMs = Infinity;
  world.clock.advance(1000);
  t.equal(world.status('web', id).state, 'unhealthy');
});

t.test('a probe that was thwarted by the checker is repeated at once, not after an interval', async (t) => {
  const world = new EngineWorld(planOf(listenerOf('web', [backendOf('10.0.0.1')], { check: { intervalMs: 60_000 } })));
  world.clock.advance(60_000);
  world.probe.behave('10.0.0.1', { afterMs: null });
  world.clock.advance(60_000);
  const starts = world.probe.starts.length;
  // Its timeout passes, and much more, while the process is stopped.
  world.clock.stall(10_000);
  world.clock.advance(20);
  t.equal(world.engine.counters.probes(0, 'checker_late'), 1);
  t.equal(world.probe.starts.length, starts + 1);
  world.clock.advance(1000);
  t.equal(world.engine.counters.probes(0, 'connect_timeout'), 1, 'the repeat says it');
});

t.test('repeats leave the schedule as it is', async (t) => {
  const world = new EngineWorld(oneBackend);
  world.clock.advance(3000);
  world.probe.behave('10.0.0.1', { afterMs: 0, reason: 'checker_late' });
  world.clock.advance(3000);
  const starts = world.probe.starts.map(({ at }) => at).filter((at) => at > 3000);
  t.ok(starts.length <= 3 * 4 && starts.length > 3, `${String(starts.length)} probes: at most three repeats for each scheduled one`);
  world.probe.behave('10.0.0.1', { afterMs: 0 });
  world.clock.advance(3000);
  const later = world.probe.starts.map(({ at }) => at).filter((at) => at > 6100);
  t.same(
    later.map((at) => at % 1000),
    later.map(() => later[0]! % 1000),
    'at the same phase as ever',
  );
  t.equal(later.length, 3);
});

t.test('a refusal counts however late it is read', async (t) => {
  const world = new EngineWorld(planOf(listenerOf('web', [backendOf('10.0.0.1')], { check: { unhealthyThreshold: 1 } })));
  world.untilState('web', id, 'healthy');
  world.probe.behave('10.0.0.1', { afterMs: 100, reason: 'connect_refused' });
  world.clock.advance(1050);
  world.clock.stall(5000);
  world.clock.advance(50);
  t.equal(world.status('web', id).state, 'unhealthy');
});

t.test('a verdict is stale when no probe has said anything for one more than the unhealthy threshold', async (t) => {
  const world = new EngineWorld(oneBackend);
  world.untilState('web', id, 'healthy');
  world.probe.behave('10.0.0.1', { afterMs: 0, reason: 'checker_resources', detail: 'no descriptors left' });
  // (3 + 1) x (1 s + 0.5 s)
  world.clock.advance(5900);
  t.equal(world.status('web', id).stale, false);
  world.clock.advance(1300);
  t.match(world.status('web', id), { stale: true, state: 'healthy', routable: true }, 'it is marked, and stays as it is');
  const marked = world.changes.at(-1)!;
  t.match(marked, { what: 'stale', stale: true, backend: id, from: 'healthy', to: 'healthy' });
  t.equal(world.status('web', id).revision, marked.revision, 'pollers hear of it');
  world.probe.behave('10.0.0.1', { afterMs: 0 });
  world.clock.advance(1000);
  t.equal(world.status('web', id).stale, false);
  t.match(world.changes.at(-1), { what: 'stale', stale: false });
});

t.test('a backend that never got a verdict becomes stale, too', async (t) => {
  const world = new EngineWorld(oneBackend);
  world.probe.behave('10.0.0.1', { afterMs: 0, reason: 'checker_permission' });
  world.clock.advance(10_000);
  t.match(world.status('web', id), { stale: true, state: 'initial' });
});

t.test('another check begins without a stale verdict', async (t) => {
  const world = new EngineWorld(oneBackend);
  world.probe.behave('10.0.0.1', { afterMs: 0, reason: 'checker_permission' });
  world.clock.advance(10_000);
  world.apply(planOf(listenerOf('web', [backendOf('10.0.0.1')], { check: { intervalMs: 5000 } })));
  t.equal(world.status('web', id).stale, false);
});
