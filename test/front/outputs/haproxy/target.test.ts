import t from 'tap';
import type { OutputBackend } from '#vitald/front/outputs/backends-view.js';
import { targetOf } from '#vitald/front/outputs/haproxy/target.js';

const healthy: OutputBackend = {
  listener: 'web',
  backend: 'app-1',
  address: '10.0.0.1',
  port: 80,
  weight: 10,
  configuredWeight: 10,
  state: 'healthy',
  since: 0,
  routable: true,
  because: 'healthy',
  stale: false,
  reason: 'ok',
  revision: 1,
};
const all = { control: 'all', weights: 'relative' } as const;
const target = (more: Partial<OutputBackend>, options: Parameters<typeof targetOf>[1] = all) => targetOf({ ...healthy, ...more }, options);
const nothing = { health: undefined, admin: undefined, weight: undefined };

t.test('what is routed to is up, whatever the reason', async (t) => {
  for (const because of ['healthy', 'check_disabled', 'fail_open', 'forced_healthy'] as const)
    t.same(target({ because, state: 'unhealthy' }), { health: 'up', admin: 'ready', weight: 100 }, because);
});

t.test('what is not is down, and ready to come back', async (t) => {
  for (const because of ['unhealthy', 'forced_unhealthy'] as const)
    t.same(target({ because, routable: false, state: 'unhealthy' }), { health: 'down', admin: 'ready', weight: 100 }, because);
});

t.test('a backend without a verdict is left as it is, wherever the listener routes it', async (t) => {
  for (const control of ['all', 'health'] as const)
    for (const routable of [true, false])
      t.same(target({ state: 'initial', because: 'initial', routable }, { control, weights: 'absolute' }), nothing);
});

t.test('maintenance and weight 0 keep the health of the checks, for when they end', async (t) => {
  const maintenance = { because: 'maintenance', routable: false } as const;
  t.same(target({ ...maintenance }), { health: 'up', admin: 'maint', weight: 100 });
  t.same(target({ ...maintenance, state: 'unhealthy' }), { health: 'down', admin: 'maint', weight: 100 });
  t.same(target({ ...maintenance, state: 'initial' }), { health: undefined, admin: 'maint', weight: 100 });
  const weightless = { because: 'weight_zero', routable: false, weight: 0 } as const;
  t.same(target(weightless), { health: 'up', admin: 'ready', weight: 0 });
  t.same(target({ ...weightless, state: 'unhealthy' }), { health: 'down', admin: 'ready', weight: 0 });
  t.same(target({ ...weightless, state: 'disabled' }), { health: 'up', admin: 'ready', weight: 0 });
});

t.test('relative weights are percents of the configured weight, and never round to 0', async (t) => {
  t.equal(target({ weight: 5 }).weight, 50);
  t.equal(target({ weight: 30 }).weight, 300);
  t.equal(target({ weight: 1, configuredWeight: 1_000_000 }).weight, 1);
  t.equal(target({ weight: 7, configuredWeight: 0 }).weight, 100, 'of nothing there is no percent');
});

t.test('absolute weights are at most what HAProxy takes', async (t) => {
  const absolute = { control: 'all', weights: 'absolute' } as const;
  t.equal(target({ weight: 7 }, absolute).weight, 7);
  t.equal(target({ weight: 1000 }, absolute).weight, 256);
});

t.test('a backend of weight 0 that is forced healthy gets requests', async (t) => {
  const forced = { weight: 0, configuredWeight: 0, because: 'forced_healthy' } as const;
  t.equal(target(forced).weight, 100);
  t.equal(target(forced, { control: 'all', weights: 'absolute' }).weight, 1);
});

t.test('where only health is set, what is not routed to is down', async (t) => {
  const options = { control: 'health', weights: 'relative' } as const;
  t.same(target({}, options), { ...nothing, health: 'up' });
  for (const because of ['maintenance', 'weight_zero', 'unhealthy'] as const)
    t.same(target({ because, routable: false }, options), { ...nothing, health: 'down' }, because);
});
