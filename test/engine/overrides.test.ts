/** What operators say wins over checks and configuration, and outlives both. */
import t from 'tap';
import type { Override } from '#vitald/messages.js';
import { EngineWorld } from '../support/engine-world.js';
import { backendOf, listenerOf, planOf } from '../support/plans.js';

const [a, b] = [backendOf('10.0.0.1'), backendOf('10.0.0.2')];
const refused = { afterMs: 0, reason: 'connect_refused' } as const;

function said(backend: string, admin: Override['admin'], weight?: number): Override {
  return { listener: 'web', backend, admin, weight };
}

t.test('an override decides the routing at once, whatever the checks say, and they go on', async (t) => {
  const world = new EngineWorld(planOf(listenerOf('web', [a, b])));
  world.clock.advance(3000);
  world.engine.override([said(a.id, 'maintenance')]);
  t.match(world.status('web', a.id), { state: 'healthy', routable: false, because: 'maintenance' });
  t.match(world.changes.at(-1), { what: 'routing', backend: a.id, routable: false, because: 'maintenance' }, 'told at once');
  world.engine.override([said(a.id, 'forced_unhealthy'), said(b.id, 'forced_healthy')]);
  world.probe.behave(b.address, refused);
  world.clock.advance(5000);
  t.match(world.status('web', a.id), { state: 'healthy', routable: false, because: 'forced_unhealthy' });
  t.match(world.status('web', b.id), { state: 'unhealthy', routable: true, because: 'forced_healthy' });
  world.engine.override([said(a.id, 'none'), said(b.id, 'none')]);
  t.match(world.status('web', a.id), { routable: true, because: 'healthy' });
  t.match(world.status('web', b.id), { routable: false, because: 'unhealthy' });
  t.same(world.engine.overrides, []);
});

t.test('the same said twice is one change', async (t) => {
  const world = new EngineWorld(planOf(listenerOf('web', [a])));
  world.engine.override([said(a.id, 'maintenance', 5)]);
  const { length } = world.changes;
  t.equal(length, 2, 'routing and weight');
  world.engine.override([said(a.id, 'maintenance', 5)]);
  t.equal(world.changes.length, length);
});

t.test('an override holds over a reload, over the removal of its backend, and for one that comes later', async (t) => {
  const world = new EngineWorld(planOf(listenerOf('web', [a])));
  world.clock.advance(3000);
  world.engine.override([said(a.id, 'maintenance'), said(b.id, 'forced_unhealthy', 7), said('nobody', 'maintenance')]);
  world.apply(planOf(listenerOf('web', [b, a], { check: { options: { path: '/new' } } })));
  t.match(world.status('web', a.id), { routable: false, because: 'maintenance' });
  t.match(world.status('web', b.id), { routable: false, because: 'forced_unhealthy', weight: 7 });
  world.apply(planOf(listenerOf('web', [b])));
  world.apply(planOf(listenerOf('web', [a, b])));
  t.match(world.status('web', a.id), { routable: false, because: 'maintenance' }, 'it does not come back into traffic unnoticed');
  t.equal(world.engine.overrides.length, 3);
});

t.test('an operator’s weight wins over the configured one until it is taken back', async (t) => {
  const world = new EngineWorld(planOf(listenerOf('web', [backendOf('10.0.0.1', { weight: 10 })])));
  world.clock.advance(3000);
  t.equal(world.status('web', a.id).weight, 10);
  world.engine.override([said(a.id, 'none', 0)]);
  t.match(world.status('web', a.id), { weight: 0, routable: false, because: 'weight_zero' });
  t.match(world.changes.at(-1), { what: 'weight', routable: false });
  world.apply(planOf(listenerOf('web', [backendOf('10.0.0.1', { weight: 20 })])));
  t.equal(world.status('web', a.id).weight, 0);
  world.engine.override([said(a.id, 'none')]);
  t.match(world.status('web', a.id), { weight: 20, routable: true });
});

t.test('whether a listener fails open follows operators: maintenance has no vote, forced states have', async (t) => {
  const world = new EngineWorld(planOf(listenerOf('web', [a, b], { allUnhealthy: 'all' })));
  world.probe.behave(a.address, refused);
  world.untilState('web', a.id, 'unhealthy');
  world.untilState('web', b.id, 'healthy');
  t.match(world.status('web', a.id), { routable: false, because: 'unhealthy' });
  world.engine.override([said(b.id, 'maintenance')]);
  t.match(world.status('web', a.id), { routable: true, because: 'fail_open' }, 'the only other one is out');
  t.match(world.status('web', b.id), { routable: false, because: 'maintenance' }, 'who is in maintenance stays out');
  t.ok(
    world.changes.some(({ backend, because }) => backend === a.id && because === 'fail_open'),
    'readers are told of the backend that followed',
  );
  world.engine.override([said(b.id, 'forced_healthy')]);
  t.match(world.status('web', a.id), { routable: false, because: 'unhealthy' });
  world.engine.override([said(b.id, 'none', 0)]);
  t.match(world.status('web', a.id), { routable: true, because: 'fail_open' }, 'weight 0 carries no traffic either');
});

t.test('an override while a plan is put in force is refused: its caller waits', async (t) => {
  const world = new EngineWorld(planOf(listenerOf('web', [a])));
  const next = await world.applyInSlices(planOf(listenerOf('web', [a, b])));
  t.equal(world.engine.isChanging, true);
  t.throws(() => world.engine.override([said(a.id, 'maintenance')]), /being put in force/);
  while (await next());
  world.engine.override([said(a.id, 'maintenance')]);
  t.match(world.status('web', a.id), { because: 'maintenance' });
});

t.test('a probe now comes within 20 ms, and the next ones keep their distance', async (t) => {
  for (const pace of ['fixed_rate', 'after_completion'] as const) {
    const world = new EngineWorld(planOf(listenerOf('web', [a], { check: { intervalMs: 10_000, pace } })));
    world.clock.advance(12_000);
    const before = world.probe.starts.length;
    t.equal(world.engine.probeNow('web', a.id), 'due');
    world.clock.advance(25);
    t.equal(world.probe.starts.length, before + 1);
    world.clock.advance(9900);
    t.equal(world.probe.starts.length, before + 1);
    world.clock.advance(200);
    t.equal(world.probe.starts.length, before + 2);
  }
});

t.test('a probe now joins the one that is in flight, and is refused where there is none to be made', async (t) => {
  const world = new EngineWorld(planOf(listenerOf('web', [a]), listenerOf('off', [a], { check: { enabled: false } })));
  world.probe.behave(a.address, { afterMs: 400 });
  while (world.engine.inFlight === 0) world.clock.advance(1);
  const started = world.probe.starts.length;
  t.equal(world.engine.probeNow('web', a.id), 'due');
  world.clock.advance(300);
  t.equal(world.probe.starts.length, started);
  t.equal(world.engine.probeNow('web', 'nobody'), 'not_found');
  t.equal(world.engine.probeNow('nobody', a.id), 'not_found');
  t.equal(world.engine.probeNow('off', a.id), 'check_disabled');
});
