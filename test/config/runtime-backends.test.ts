import t from 'tap';
import { BackendColumns } from '#vitald/config/backend-columns.js';
import { packPlan } from '#vitald/config/pack.js';
import type { RuntimeBackend } from '#vitald/config/plan.js';
import { isAllowed, mergeRuntime, runtimeWarnings } from '#vitald/config/runtime-backends.js';
import { backendOf, checkOf, listenerOf, planOf } from '../support/plans.js';

function runtime(id: string, address: string, port = 80): RuntimeBackend {
  return { id, address, port, weight: 1, version: 1, by: 'test', at: 0 };
}

function plan(allowedNetworks: string[]) {
  const made = planOf(listenerOf('web', [backendOf('10.0.0.1', { id: 'app' })], { check: { port: 8080 } }));
  return { ...made, server: { ...made.server, allowedNetworks } };
}

t.test('runtime backends come after those of the file, with the check port of the listener', async (t) => {
  const of = plan(['10.0.0.0/8']);
  const { added, left, notices } = mergeRuntime(of, [{ listener: 'web', backends: [runtime('late', '10.0.0.2')] }]);
  t.same(notices, []);
  t.same(left, [{ listener: 'web', backends: [runtime('late', '10.0.0.2')] }]);
  const columns = new BackendColumns(packPlan(of, added).listeners[0]!.backends);
  t.match(columns.plan(1), { id: 'late', port: 80, checkPort: 8080, family: 4 });
  t.same([columns.isRuntime(0), columns.isRuntime(1)], [false, true]);
});

t.test('what the file names too, by id or by address and port, is the file’s', async (t) => {
  const backends = [runtime('app', '10.0.0.7'), runtime('other', '10.0.0.1'), runtime('fine', '10.0.0.1', 81)];
  const { left, notices } = mergeRuntime(plan(['10.0.0.0/8']), [{ listener: 'web', backends }]);
  t.same(
    left.flatMap(({ backends }) => backends.map(({ id }) => id)),
    ['fine'],
  );
  t.match(notices, [/web\/app is in the configuration now/, /web\/other is in the configuration now/]);
});

t.test('what lies outside the allowed networks goes, what has no listener waits; both are told', async (t) => {
  const { left, notices, added } = mergeRuntime(plan(['10.0.0.0/24']), [
    { listener: 'web', backends: [runtime('far', '10.9.0.1')] },
    { listener: 'gone', backends: [runtime('x', '10.0.0.3')] },
  ]);
  t.same(
    left.map(({ listener }) => listener),
    ['gone'],
  );
  t.same([...added.values()], [[]]);
  t.match(notices, [/web\/far is gone: 10\.9\.0\.1 is not in server\.allowed_networks/, /1 runtime backends of the listener gone wait/]);
});

t.test('a network allows addresses of its own family only', async (t) => {
  t.equal(isAllowed('10.1.2.3', ['10.0.0.0/8']), true);
  t.equal(isAllowed('11.1.2.3', ['10.0.0.0/8']), false);
  t.equal(isAllowed('::1', ['0.0.0.0/0']), false);
  t.equal(isAllowed('fd00::1', ['0.0.0.0/0', 'fd00::/8']), true);
  t.equal(isAllowed('10.1.2.3', []), false);
});

t.test('a link-local runtime backend needs the interface of its listener', async (t) => {
  const of = plan(['fe80::/10']);
  const backends = [runtime('a', 'fe80::1'), runtime('b', 'fe80::2'), runtime('c', 'fe80::3')];
  const { left, notices } = mergeRuntime(of, [{ listener: 'web', backends }]);
  t.equal(left[0]?.backends.length, 3, 'they stay');
  t.match(notices, [/^the runtime backend web\/a and 2 more: fe80::1 is a link-local address, .*check\.interface/]);
  const bound = planOf(listenerOf('web', [], { check: { interface: 'eth0' } }));
  t.same(mergeRuntime({ ...bound, server: of.server }, [{ listener: 'web', backends }]).notices, []);
});

t.test('a request is warned of a link-local address, and of an address that holds its port', async (t) => {
  const listener = { check: checkOf(), port: 80 };
  const warned = (address: string, port?: number): string[] => runtimeWarnings({ address, port }, listener);
  t.match(warned('FE80::1', 80), [/"FE80::1" is a link-local address, .*check\.interface/]);
  t.match(warned('2001:db8::1:8080'), [
    /got the listener's port 80; if 8080 is the port, send it as `port`, with "2001:db8::1" as `address`\./,
  ]);
  t.equal(warned('fe80::1:8080').length, 2);
  t.same(warned('2001:db8::1:8080', 80), []);
  t.same(warned('10.0.0.1'), []);
  t.same(runtimeWarnings({ address: 'fe80::1', port: 80 }, { check: checkOf({ enabled: false }), port: 80 }), []);
  t.same(runtimeWarnings({ address: 'fe80::1', port: 80 }, { check: checkOf({ interface: 'eth0' }), port: 80 }), []);
});
