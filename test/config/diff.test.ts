import t from 'tap';
import { diffPlans, plansAgree, type PlanDiff } from '#vitald/config/diff.js';
import type { Plan } from '#vitald/config/plan.js';
import { planOf } from '../support/load.js';

const base = `
listeners:
  - name: web
    port: 80
    backends: [10.0.0.1, { address: 10.0.0.2, name: app, weight: 5 }]
  - name: dns
    protocol: udp
    port: 53
    backends: [10.0.0.1]
`;

function diff(change: (text: string) => string): PlanDiff {
  return diffPlans(planOf(base), planOf(change(base)));
}

t.test('two readings of the same file have nothing to touch', async (t) => {
  t.ok(plansAgree(diff((text) => text)));
});

t.test('another order of listeners and backends is nothing to touch', async (t) => {
  const plan = planOf(base);
  const turned: Plan = { ...plan, listeners: plan.listeners.map((l) => ({ ...l, backends: l.backends.toReversed() })).toReversed() };
  t.ok(plansAgree(diffPlans(plan, turned)));
});

t.test('a default that is written out is nothing to touch', async (t) => {
  t.ok(plansAgree(diff((text) => text.replace('port: 53', 'port: 53\n    check: { interval: 5s, udp: { ping_first: false } }'))));
});

t.test('a backend that comes or goes touches that backend alone', async (t) => {
  const [change, ...others] = diff((text) => text.replace('[10.0.0.1, {', '[10.0.0.3, {')).changed;
  t.same(others, []);
  t.equal(change!.after.name, 'web');
  t.notOk(change!.checkChanged || change!.routingChanged);
  t.same(
    change!.backends.added.map((b) => b.id),
    ['10.0.0.3:80'],
  );
  t.same(
    change!.backends.removed.map((b) => b.id),
    ['10.0.0.1:80'],
  );
  t.same(change!.backends.reweighted, []);
});

t.test('another weight is no other backend', async (t) => {
  const [change] = diff((text) => text.replace('weight: 5', 'weight: 0')).changed;
  t.same(change!.backends.added, []);
  t.same(change!.backends.removed, []);
  t.same(
    change!.backends.reweighted.map(({ before, after }) => [before.id, before.weight, after.weight]),
    [['app', 5, 0]],
  );
});

t.test('a name that moves to another address or port is another backend', async (t) => {
  for (const [from, to] of [
    ['address: 10.0.0.2', 'address: 10.0.0.9'],
    ['address: 10.0.0.2', 'address: 10.0.0.2, port: 81'],
  ] as const) {
    const { backends } = diff((text) => text.replace(from, to)).changed[0]!;
    t.same([backends.added.map((b) => b.id), backends.removed.map((b) => b.id)], [['app'], ['app']], to);
  }
});

t.test('another check port makes other backends, and is no change of the check', async (t) => {
  const [change] = diff((text) => text.replace('port: 80', 'port: 80\n    check: { port: 8080 }')).changed;
  t.notOk(change!.checkChanged);
  t.equal(change!.backends.added.length, 2);
  t.equal(change!.backends.removed.length, 2);
});

t.test('what probing or the verdict depends on is a change of the check', async (t) => {
  for (const check of [
    'interval: 6s',
    'timeout: 1s',
    'unhealthy_threshold: 4',
    'initial_passes: 2',
    'enabled: false',
    'tcp: { method: syn }',
  ]) {
    const [change] = diff((text) => text.replace('port: 80', `port: 80\n    check: { ${check} }`)).changed;
    t.ok(change?.checkChanged, check);
    t.same([change!.backends.added, change!.backends.removed], [[], []], `${check} touches no backend`);
  }
});

t.test('a change of routing is not a change of the check', async (t) => {
  for (const key of ['all_unhealthy: all', 'initial: include']) {
    const [change] = diff((text) => text.replace('port: 80', `port: 80\n    ${key}`)).changed;
    t.same([change!.checkChanged, change!.routingChanged], [false, true], key);
  }
});

t.test('a listener with another name is removed and added', async (t) => {
  const { added, removed, changed } = diff((text) => text.replace('name: dns', 'name: dns-2'));
  t.same([added.map((l) => l.name), removed.map((l) => l.name), changed], [['dns-2'], ['dns'], []]);
});

t.test('a change of the server or of the checker’s name is told', async (t) => {
  const { serverChanged, checkerChanged } = diff((text) => `server: { listen: 127.0.0.1:1 }\nchecker: lb-2\n${text}`);
  t.same([serverChanged, checkerChanged], [true, true]);
});

t.test('100,000 backends are compared in linear time', async (t) => {
  const big = (n: number): Plan => {
    const plan = planOf(base);
    const [web] = plan.listeners;
    const backends = Array.from({ length: n }, (_, i) => ({ ...web!.backends[0]!, id: `b${i}` }));
    return { ...plan, listeners: [{ ...web!, backends }] };
  };
  const before = big(100_000);
  const { changed } = diffPlans(before, big(99_999));
  t.same(
    changed[0]!.backends.removed.map((b) => b.id),
    ['b99999'],
  );
});
