import t from 'tap';
import { EngineWorld } from '../support/engine-world.js';
import { backendOf, listenerOf, planOf } from '../support/plans.js';

const a = backendOf('10.0.0.1');
const id = a.id;

t.test('two listeners that check the same port in the same way share its probes, and each has its verdict', async (t) => {
  const world = new EngineWorld(planOf(listenerOf('one', [a]), listenerOf('two', [a], { check: { unhealthyThreshold: 5 } })));
  world.clock.advance(9_500);
  t.equal(world.probe.starts.length, 10, 'one probe a second, not two');
  t.equal(world.status('one', id).state, 'healthy');
  t.equal(world.status('two', id).state, 'healthy');
  t.equal(world.engine.counters.probes(0, 'ok'), 10, 'the result counts for each');
  t.equal(world.engine.counters.probes(1, 'ok'), 10);
  world.probe.behave('10.0.0.1', { afterMs: 0, reason: 'connect_refused' });
  world.untilState('one', id, 'unhealthy');
  t.equal(world.status('two', id).state, 'healthy', 'thresholds are each listener’s own');
  world.untilState('two', id, 'unhealthy');
});

t.test('another port, interval, timeout, source or option is another probe', async (t) => {
  const others = [
    listenerOf('port', [{ ...a, checkPort: 81 }]),
    listenerOf('interval', [a], { check: { intervalMs: 2000 } }),
    listenerOf('timeout', [a], { check: { timeoutMs: 400 } }),
    listenerOf('source', [a], { check: { source: '10.0.0.99' } }),
    listenerOf('interface', [a], { check: { interface: 'eth0' } }),
    listenerOf('pace', [a], { check: { pace: 'after_completion' } }),
    listenerOf('options', [a], { check: { options: { path: '/other' } } }),
  ];
  for (const other of others) {
    const world = new EngineWorld(planOf(listenerOf('web', [a]), other));
    world.clock.advance(2000);
    const rows = world.apply(planOf(listenerOf('web', [a]), other)).rows;
    t.not(rows[0]!.targets[0], rows[1]!.targets[0], other.name);
  }
});

t.test('who leaves disturbs nobody: the probe goes on, in its phase', async (t) => {
  const world = new EngineWorld(planOf(listenerOf('one', [a]), listenerOf('two', [a])));
  world.probe.behave('10.0.0.1', { afterMs: 200 });
  world.clock.advance(3100);
  const phase = world.probe.starts.at(-1)!.at % 1000;
  world.apply(planOf(listenerOf('two', [a])));
  t.same(world.probe.canceled, [], 'the probe in flight is not canceled');
  world.clock.advance(3000);
  t.equal(world.status('two', id).state, 'healthy');
  t.equal(world.probe.starts.at(-1)!.at % 1000, phase);
  world.apply(planOf());
  const starts = world.probe.starts.length;
  world.clock.advance(5000);
  t.equal(world.probe.starts.length, starts, 'after the last one has left it ends');
  t.equal(world.engine.inFlight, 0);
});

t.test('who joins is judged by the next probe, and adds none', async (t) => {
  const world = new EngineWorld(planOf(listenerOf('one', [a])));
  world.clock.advance(4500);
  world.apply(planOf(listenerOf('one', [a]), listenerOf('two', [a])));
  world.clock.advance(1000);
  t.equal(world.status('two', id).state, 'healthy');
  t.equal(world.probe.starts.length, 6);
});

t.test('a check that becomes another one leaves the shared probe, and comes back to it', async (t) => {
  const same = listenerOf('two', [a]);
  const other = listenerOf('two', [a], { check: { options: { path: '/other' } } });
  const world = new EngineWorld(planOf(listenerOf('one', [a]), same));
  world.clock.advance(1500);
  let { rows } = world.apply(planOf(listenerOf('one', [a]), other));
  t.not(rows[0]!.targets[0], rows[1]!.targets[0]);
  world.clock.advance(2000);
  t.equal(world.probe.starts.length, 2 + 4);
  ({ rows } = world.apply(planOf(listenerOf('one', [a]), same)));
  t.equal(rows[0]!.targets[0], rows[1]!.targets[0]);
  world.clock.advance(2000);
  t.equal(world.probe.starts.length, 2 + 4 + 2);
});

t.test('a listener that does not check shares nothing', async (t) => {
  const world = new EngineWorld(planOf(listenerOf('one', [a]), listenerOf('off', [a], { check: { enabled: false } })));
  world.clock.advance(2000);
  t.equal(world.status('off', id).state, 'disabled');
  t.equal(world.engine.counters.probes(1, 'ok'), 0);
});
