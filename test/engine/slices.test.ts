/** What holds while a plan is put in force in slices: probes start, end and are judged between any two of them. */
import t from 'tap';
import type { BackendPlan } from '#vitald/config/plan.js';
import { EngineWorld } from '../support/engine-world.js';
import { backendOf, listenerOf, planOf } from '../support/plans.js';

const [a, b, c, d] = [backendOf('10.0.0.1'), backendOf('10.0.0.2'), backendOf('10.0.0.3'), backendOf('10.0.0.4')];

function many(network: number, count: number): BackendPlan[] {
  return Array.from({ length: count }, (_, i) => backendOf(`10.${network}.${i >> 8}.${i & 255}`));
}

t.test('who stays keeps state, counts and phase in every slice, wherever the new plan puts it', async (t) => {
  const old = planOf(listenerOf('gone', many(1, 5)), listenerOf('web', [a, b, c]));
  const fresh = planOf(listenerOf('web', [d, c, ...many(2, 5), a]), listenerOf('new', many(3, 5)));
  for (let advancedAt = 0; advancedAt < 25; advancedAt++) {
    const world = new EngineWorld(old);
    world.clock.advance(3000);
    world.probe.behave('10.0.0.1', { afterMs: 0, reason: 'connect_refused' });
    world.clock.advance(2000);
    const slot = world.slot('web', a.id);
    const before = world.statusAt(slot);
    t.match(before.run, { outcome: 'fail', length: 2 }, 'one failure short of unhealthy');
    const phase = world.probe.starts.filter((s) => s.address === a.address).at(-1)!.at % 1000;
    const next = await world.applyInSlices(fresh);
    let slice = 0;
    for (let more = true; more; more = await next(), slice++) {
      if (slice < advancedAt) t.same(world.statusAt(slot), before);
      if (slice === advancedAt) world.clock.advance(1000);
    }
    if (slice <= advancedAt) break;
    t.equal(world.slot('web', a.id), slot);
    t.match(world.status('web', a.id), { state: 'unhealthy', run: { length: 3 } }, `its third failure, in slice ${advancedAt}, decides`);
    t.equal(world.probe.starts.filter((s) => s.address === a.address).at(-1)!.at % 1000, phase);
    world.clock.advance(3000);
    for (const id of [c.id, d.id]) t.equal(world.status('web', id).state, 'healthy');
  }
});

t.test('a probe that ends between two slices is judged; its change waits for the plan, in the order of revisions', async (t) => {
  const world = new EngineWorld(planOf(listenerOf('web', [a, b, c])));
  world.untilState('web', c.id, 'healthy');
  world.clock.advance(1000);
  world.probe.behave(c.address, { afterMs: 0, reason: 'connect_refused' });
  const slot = world.slot('web', c.id);
  const heard = world.changes.length;
  const next = await world.applyInSlices(planOf(listenerOf('web', [d, c])));
  world.clock.advance(5000);
  t.equal(world.statusAt(slot).state, 'unhealthy', 'the table tells at once');
  do t.equal(world.changes.length, heard, 'nobody hears of it yet');
  while (await next());
  const changes = world.changes.slice(heard);
  t.same(
    changes.map(({ what, backend }) => `${what} ${backend}`),
    [`removed ${a.id}`, `state ${c.id}`, `removed ${b.id}`, `added ${d.id}`],
  );
  t.same(
    changes.map(({ revision }) => revision),
    changes.map((_, i) => changes[0]!.revision + i),
  );
  t.equal(world.engine.handedOnRevision, changes.at(-1)!.revision);
});

t.test('what has left is probed no more, what came is probed, although the plan is not yet in force', async (t) => {
  const world = new EngineWorld(planOf(listenerOf('web', [a, b])));
  world.probe.behave(a.address, { afterMs: null });
  world.clock.advance(1100);
  const next = await world.applyInSlices(planOf(listenerOf('web', [c, ...many(1, 3), b])));
  for (let slices = 0; slices < 3; slices++) await next();
  const sentBefore = world.probe.starts.length;
  world.clock.advance(3000);
  const addresses = world.probe.starts.slice(sentBefore).map(({ address }) => address);
  t.notOk(addresses.includes(a.address));
  t.ok(addresses.includes(b.address));
  t.ok(addresses.includes(c.address));
  while (await next());
  t.equal(world.status('web', c.id).state, 'healthy');
});

t.test('a slot changes hands only after readers have heard of its old owner’s end', async (t) => {
  const world = new EngineWorld(planOf(listenerOf('one', [a]), listenerOf('two', [b])));
  const slots = [world.slot('one', a.id), world.slot('two', b.id)];
  const rows = world.apply(planOf(listenerOf('three', [c]), listenerOf('four', [d]))).rows;
  t.notOk(slots.includes(world.slot('three', c.id)) || slots.includes(world.slot('four', d.id)));
  t.same(rows.map(({ counterRow }) => counterRow).sort(), [2, 3], 'as for the row of counters');
  world.apply(planOf(listenerOf('one', [a]), listenerOf('two', [b])));
  t.same([world.slot('one', a.id), world.slot('two', b.id)].sort(), slots, 'then it does');
});

t.test('no reload routes to the dead for a moment: who fails open is decided by the backends there are in the end', async (t) => {
  const world = new EngineWorld(planOf(listenerOf('web', [a, b], { allUnhealthy: 'all' })));
  world.probe.behave(a.address, { afterMs: 0, reason: 'connect_refused' });
  world.untilState('web', a.id, 'unhealthy');
  world.clock.advance(2000);
  const dead = world.slot('web', a.id);
  const next = await world.applyInSlices(planOf(listenerOf('web', [a, c], { allUnhealthy: 'all' })));
  do t.match(world.statusAt(dead), { routable: false, because: 'unhealthy' });
  while (await next());
  t.notOk(world.changes.some(({ what }) => what === 'routing'));
  world.apply(planOf(listenerOf('web', [a], { allUnhealthy: 'all' })));
  t.match(world.status('web', a.id), { routable: true, because: 'fail_open' }, 'but when only the dead are left, it does');
});

t.test('a changed check takes over backend by backend: until its slice each is judged by the old one', async (t) => {
  const world = new EngineWorld(planOf(listenerOf('web', [a, b], { check: { unhealthyThreshold: 4 } })));
  world.clock.advance(3000);
  for (const { address } of [a, b]) world.probe.behave(address, { afterMs: 0, reason: 'connect_refused' });
  world.clock.advance(2000);
  const next = await world.applyInSlices(planOf(listenerOf('web', [a, b], { check: { unhealthyThreshold: 2, timeoutMs: 400 } })));
  const [slotA, slotB] = [world.slot('web', a.id), world.slot('web', b.id)];
  world.clock.advance(1000);
  t.match(world.statusAt(slotA), { state: 'healthy', run: { length: 1 } }, 'the first has moved: its count began anew');
  t.match(world.statusAt(slotB), { state: 'healthy', run: { length: 3 } }, 'the second has not: three of four');
  while (await next());
  world.clock.advance(1000);
  t.equal(world.status('web', a.id).state, 'unhealthy');
  t.equal(world.status('web', b.id).state, 'healthy', 'one failure since its count began anew');
});

t.test('a thousand changes are handed on a few hundred at a time, in order, and none is lost', async (t) => {
  const world = new EngineWorld(planOf(listenerOf('web', many(1, 1000))));
  const { changes } = world.apply(planOf(listenerOf('web', many(2, 1000))));
  t.ok(changes.length < 1000);
  t.equal(world.engine.handedOnRevision, changes.at(-1)!.revision, 'the plan speaks of no more than came with it');
  world.clock.advance(50);
  const first = world.changes[0]!.revision;
  t.same(
    world.changes.map(({ revision }) => revision),
    world.changes.map((_, i) => first + i),
  );
  t.equal(world.changes.filter(({ what }) => what === 'removed').length, 1000);
  t.equal(world.changes.filter(({ what }) => what === 'added').length, 1000);
});

t.test('another plan meanwhile is refused, and may come when all is done', async (t) => {
  const world = new EngineWorld(planOf(listenerOf('web', [a])));
  const next = await world.applyInSlices(planOf(listenerOf('web', [b, c])));
  t.throws(() => world.apply(planOf(listenerOf('web', [d]))), { message: 'another plan is being put in force' });
  while (await next());
  world.apply(planOf(listenerOf('web', [d])));
  world.clock.advance(2000);
  t.equal(world.status('web', d.id).state, 'healthy');
});
