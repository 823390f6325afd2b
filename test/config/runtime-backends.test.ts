import t from 'tap';
import { BackendColumns } from '#vitald/config/backend-columns.js';
import { packPlan } from '#vitald/config/pack.js';
import type { RuntimeBackend } from '#vitald/config/plan.js';
import { isAllowed, mergeRuntime } from '#vitald/config/runtime-backends.js';
import { backendOf, listenerOf, planOf } from '../support/plans.js';

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
