import t from 'tap';
import { BackendColumns } from '#vitald/config/backend-columns.js';
import { noOrigin, origins, originsIn, packPlan } from '#vitald/config/pack.js';
import type { BackendMemory, BackendPlan, Plan } from '#vitald/config/plan.js';
import { openAccess } from '../support/plans.js';

function backend(id: string, change: Partial<BackendPlan> = {}): BackendPlan {
  return { id, address: '10.0.0.1', family: 4, port: 80, checkPort: 80, weight: 1, ...change };
}

const few: readonly BackendPlan[] = [
  backend('app-1'),
  backend('zwölf ☃', { address: '2001:db8::1', family: 6, port: 443, checkPort: 8443, weight: 0.5 }),
  backend('10.0.0.3:65535', { address: '10.0.0.3', port: 65_535, checkPort: 1, weight: 1_000_000 }),
];

function bytesOf({ columns, text, index }: BackendMemory): Buffer[] {
  return [columns, text, index].map((memory) => Buffer.from(new Uint8Array(memory)));
}

t.test('packed backends are what they were, in the same order', (t) => {
  const packed = new BackendColumns(structuredClone(BackendColumns.pack(few)));
  t.same(
    few.map((_, place) => packed.plan(place)),
    few,
  );
  t.equal(packed.count, 3);
  t.end();
});

t.test('a backend is found by its id', (t) => {
  const packed = new BackendColumns(BackendColumns.pack(few));
  t.same(
    few.map(({ id }) => packed.find(id)),
    [0, 1, 2],
  );
  for (const unknown of ['', 'app', 'app-11', 'app-2', 'zwolf ☃', '10.0.0.1']) t.equal(packed.find(unknown), -1, unknown);
  t.end();
});

t.test('runtime backends are exchanged behind those of the file', (t) => {
  const runtime = [backend('extra-1', { address: '10.0.0.7' }), backend('extra-2', { address: '10.0.0.8' })];
  const others = [backend('ähnlich', { address: '10.0.0.9' }), runtime[1]!];
  const before = new BackendColumns(BackendColumns.pack([...few, ...runtime], few.length));
  for (const next of [others, [], runtime]) {
    const packed = BackendColumns.withRuntime(before, next);
    t.same(bytesOf(packed), bytesOf(BackendColumns.pack([...few, ...next], few.length)), 'as if they had been packed anew');
    const after = new BackendColumns(packed);
    t.same(
      [...few, ...next].map(({ id }) => after.find(id)),
      [...few, ...next].map((_, place) => place),
    );
    t.equal(after.fromFile, few.length);
    t.same(originsIn(before, after, few.length), originsIn(before, after));
  }
  t.end();
});

t.test('no backend is found where there are none', (t) => {
  const packed = new BackendColumns(BackendColumns.pack([]));
  t.equal(packed.count, 0);
  t.equal(packed.find('app-1'), -1);
  t.end();
});

t.test('each of 20,000 backends is found, whatever their ids collide with', (t) => {
  const many = Array.from({ length: 20_000 }, (_, i) => backend(`10.${i >> 8}.${i & 255}.1:80`));
  const packed = new BackendColumns(BackendColumns.pack(many));
  t.ok(many.every(({ id }, place) => packed.find(id) === place));
  t.ok(many.every(({ id }) => packed.find(`${id}0`) === -1));
  t.end();
});

function plan(listeners: Readonly<Record<string, readonly BackendPlan[]>>): Plan {
  return {
    checker: 'here',
    server: { host: '127.0.0.1', port: 1, stateDir: undefined, allowedNetworks: [], access: openAccess },
    outputs: [],
    listeners: Object.entries(listeners).map(([name, backends]) => ({ name, backends }) as unknown as Plan['listeners'][number]),
  };
}

t.test('the origin of a backend is its place in the plan before', (t) => {
  const before = packPlan(plan({ web: [backend('a'), backend('b'), backend('c'), backend('d'), backend('e')], dns: [backend('a')] }));
  const after = packPlan(
    plan({
      new: [backend('a')],
      web: [
        backend('e'),
        backend('x'),
        backend('b', { weight: 7 }),
        backend('a', { address: '10.0.0.2' }),
        backend('c', { checkPort: 81 }),
        backend('d', { port: 81 }),
      ],
    }),
  );
  t.same(
    origins(before, after).map((places) => [...places]),
    [[noOrigin], [4, noOrigin, 1, noOrigin, noOrigin, noOrigin]],
  );
  t.same(
    origins(undefined, before).map((places) => [...places]),
    [[noOrigin, noOrigin, noOrigin, noOrigin, noOrigin], [noOrigin]],
  );
  t.end();
});
