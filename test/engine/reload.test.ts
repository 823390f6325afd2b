import t from 'tap';
import { EngineWorld } from '../support/engine-world.js';
import { backendOf, listenerOf, planOf } from '../support/plans.js';

const a = backendOf('10.0.0.1');
const b = backendOf('10.0.0.2');

t.test('a reload keeps state, counts and phase of what did not change', async (t) => {
  const world = new EngineWorld(planOf(listenerOf('web', [a])));
  world.clock.advance(3000);
  world.probe.behave('10.0.0.1', { afterMs: 0, reason: 'connect_refused' });
  world.clock.advance(2000);
  const before = world.status('web', a.id);
  t.match(before.run, { outcome: 'fail', length: 2 }, 'one failure short of unhealthy');
  const phase = world.probe.starts.at(-1)!.at % 1000;
  world.apply(planOf(listenerOf('web', [a, b])));
  t.same(world.status('web', a.id), before);
  world.clock.advance(1000);
  t.equal(world.status('web', a.id).state, 'unhealthy', 'the third failure decides');
  const last = world.probe.starts.filter((s) => s.address === '10.0.0.1').at(-1)!;
  t.equal(last.at % 1000, phase);
});

t.test('backends that come and go have a change each', async (t) => {
  const world = new EngineWorld(planOf(listenerOf('web', [a])));
  const { changes } = world.apply(planOf(listenerOf('web', [b])));
  t.same(
    changes.map((c) => [c.what, c.backend]),
    [
      ['removed', a.id],
      ['added', b.id],
    ],
  );
  world.clock.advance(2000);
  const probed = world.probe.starts.filter((s) => s.at > 1);
  t.ok(
    probed.every((s) => s.address === '10.0.0.2'),
    'only the new one is probed',
  );
});

t.test('a backend that is removed while its probe is in flight is forgotten cleanly', async (t) => {
  const world = new EngineWorld(planOf(listenerOf('web', [a, b])));
  world.probe.behave('10.0.0.1', { afterMs: null });
  world.clock.advance(100);
  world.apply(planOf(listenerOf('web', [b])));
  t.same(world.probe.canceled, ['10.0.0.1']);
  t.equal(world.engine.inFlight, 0);
  t.equal(world.engine.counters.probes(0, 'canceled'), 1);
  world.apply(planOf(listenerOf('web', [b, backendOf('10.0.0.3')])));
  world.clock.advance(3000);
  t.equal(world.status('web', '10.0.0.3:80').state, 'healthy', 'whoever takes its slot is judged anew');
});

t.test('the same name at another address is another backend', async (t) => {
  const world = new EngineWorld(planOf(listenerOf('web', [backendOf('10.0.0.1', { id: 'app' })])));
  world.clock.advance(3000);
  t.equal(world.status('web', 'app').state, 'healthy');
  world.apply(planOf(listenerOf('web', [backendOf('10.0.0.9', { id: 'app' })])));
  t.equal(world.status('web', 'app').state, 'initial');
});

t.test('a changed check keeps the old state until the new check has spoken, and counts anew', async (t) => {
  const world = new EngineWorld(planOf(listenerOf('web', [a])));
  world.clock.advance(3000);
  world.probe.behave('10.0.0.1', { afterMs: 0, reason: 'connect_refused' });
  world.clock.advance(2000);
  const { changedChecks } = world.apply(planOf(listenerOf('web', [a], { check: { options: { path: '/new' } } })));
  t.same(changedChecks, ['web']);
  t.equal(world.status('web', a.id).state, 'healthy');
  world.clock.advance(2000);
  t.equal(world.status('web', a.id).state, 'healthy', 'failures of the old check do not count for the new one');
  world.clock.advance(1000);
  t.equal(world.status('web', a.id).state, 'unhealthy');
});

t.test('a check that is switched off makes every backend count as healthy, and on again initial', async (t) => {
  const world = new EngineWorld(planOf(listenerOf('web', [a])));
  world.probe.behave('10.0.0.1', { afterMs: 0, reason: 'connect_refused' });
  world.untilState('web', a.id, 'unhealthy');
  world.apply(planOf(listenerOf('web', [a], { check: { enabled: false } })));
  t.match(world.status('web', a.id), { state: 'disabled', routable: true, because: 'check_disabled' });
  const starts = world.probe.starts.length;
  world.clock.advance(10_000);
  t.equal(world.probe.starts.length, starts, 'and it is not probed');
  world.apply(planOf(listenerOf('web', [a])));
  t.match(world.status('web', a.id), { state: 'initial', routable: false, because: 'initial' });
  world.untilState('web', a.id, 'unhealthy');
});

t.test('a weight of 0 takes a backend out at once and has a revision', async (t) => {
  const world = new EngineWorld(planOf(listenerOf('web', [a, b])));
  world.clock.advance(3000);
  const { changes } = world.apply(planOf(listenerOf('web', [{ ...a, weight: 0 }, b])));
  t.match(changes, [{ what: 'weight', backend: a.id, routable: false, because: 'weight_zero' }]);
  t.equal(world.status('web', a.id).state, 'healthy', 'its result is still shown');
});

t.test('a changed routing policy is carried out at once', async (t) => {
  const world = new EngineWorld(planOf(listenerOf('web', [a])));
  world.probe.behave('10.0.0.1', { afterMs: 0, reason: 'connect_refused' });
  world.untilState('web', a.id, 'unhealthy');
  const { changes } = world.apply(planOf(listenerOf('web', [a], { allUnhealthy: 'all' })));
  t.match(changes, [{ what: 'routing', backend: a.id, routable: true, because: 'fail_open' }]);
});

t.test('listeners that come and go take their backends and counters along', async (t) => {
  const world = new EngineWorld(planOf(listenerOf('one', [a])));
  world.clock.advance(5000);
  world.apply(planOf(listenerOf('two', [a])));
  world.clock.advance(3000);
  t.equal(world.status('two', a.id).state, 'healthy');
  const applied = world.apply(planOf(listenerOf('two', [a]), listenerOf('three', [a])));
  t.equal(world.engine.counters.probes(applied.rows[1]!.counterRow, 'ok'), 0, 'a new listener begins at 0');
});

t.test('many listeners and backends can be added at once', async (t) => {
  const world = new EngineWorld(planOf());
  const listeners = Array.from({ length: 50 }, (_, l) =>
    listenerOf(
      `l${String(l)}`,
      Array.from({ length: 40 }, (_, i) => backendOf(`10.1.${String(l)}.${String(i)}`)),
    ),
  );
  world.apply(planOf(...listeners));
  world.clock.advance(1010);
  t.equal(new Set(world.probe.starts.map((s) => s.address)).size, 2000, 'all within the first interval');
  t.equal(world.status('l49', '10.1.49.39:80').state, 'healthy');
});

t.test('a type of check that does not exist refuses the plan and touches nothing', async (t) => {
  const world = new EngineWorld(planOf(listenerOf('web', [a])));
  const prepared = world.engine.prepare(world.loaded(planOf(listenerOf('web', [b], { check: { type: 'smtp' } }))));
  t.match(prepared, { problems: ['listener web: there is no check type smtp'] });
  world.clock.advance(3000);
  t.equal(world.status('web', a.id).state, 'healthy');
});

t.test('verdicts of an earlier process are taken up where the target is the same', async (t) => {
  const saved = [
    {
      listener: 'web',
      backend: a.id,
      target: 'tcp 10.0.0.1 80',
      state: 'unhealthy' as const,
      since: 5,
      probedAt: 7,
      run: { outcome: 'fail' as const, length: 9 },
      transitions: { toHealthy: 2, toUnhealthy: 3 },
    },
    {
      listener: 'web',
      backend: b.id,
      target: 'tcp 10.9.9.9 80',
      state: 'healthy' as const,
      since: 5,
      probedAt: 7,
      run: { outcome: 'pass' as const, length: 9 },
      transitions: { toHealthy: 1, toUnhealthy: 0 },
    },
  ];
  const world = new EngineWorld(planOf(listenerOf('web', [a, b])), { saved });
  t.match(world.status('web', a.id), {
    state: 'unhealthy',
    since: 5,
    run: { outcome: 'fail', length: 9 },
    transitions: { toHealthy: 2, toUnhealthy: 3 },
    routable: false,
    lastProbe: undefined,
  });
  t.equal(world.status('web', b.id).state, 'initial', 'another machine stands behind this name now');
});

t.test('overrides of an earlier process hold from the first plan on', async (t) => {
  const world = new EngineWorld(planOf(listenerOf('web', [a, b])), {
    overrides: [{ listener: 'web', backend: a.id, admin: 'maintenance', weight: 7 }],
  });
  t.match(world.status('web', a.id), { routable: false, because: 'maintenance', weight: 7 });
  t.match(world.status('web', b.id), { because: 'initial' });
});

t.test('a listener of which nothing changed is not walked through, and stays as it is', async (t) => {
  const world = new EngineWorld(planOf(listenerOf('web', [a]), listenerOf('dns', [b])));
  world.clock.advance(3000);
  const before = world.status('web', a.id);
  const loaded = world.loaded(planOf(listenerOf('web', [a]), listenerOf('dns', [b, backendOf('10.0.0.3')])));
  const prepared = world.engine.prepare({ plan: loaded.plan, origins: [undefined, loaded.origins[1]] });
  if ('problems' in prepared) throw new Error('not refused');
  const { rows, changes } = world.engine.apply(prepared);
  t.same(
    rows.map(({ name, slots }) => [name, slots.length]),
    [
      ['web', 1],
      ['dns', 2],
    ],
  );
  t.same(
    changes.map(({ what, backend }) => `${what} ${backend}`),
    ['added 10.0.0.3:80'],
  );
  t.same(world.statusAt(rows[0]!.slots[0]!), before);
  world.clock.advance(3000);
  t.equal(world.statusAt(rows[0]!.slots[0]!).state, 'healthy');
  t.ok(world.statusAt(rows[0]!.slots[0]!).probes > before.probes, 'it is probed on');
  t.equal(world.statusAt(rows[1]!.slots[1]!).state, 'healthy');
});
