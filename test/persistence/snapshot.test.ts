import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { writeDurably } from '#vitald/persistence/durable-file.js';
import {
  loadSnapshot,
  snapshotFormat,
  snapshotPieces,
  type SavedListener,
  type SavedRow,
  type SnapshotHead,
} from '#vitald/persistence/snapshot.js';
import { temporaryFolder } from '../support/daemon.js';

const now = Date.UTC(2026, 0, 1);
const minute = 60_000;
const saveSnapshot = (dir: string, head: SnapshotHead, listeners: readonly SavedListener[]): Promise<number> =>
  writeDurably(dir, snapshotFormat, snapshotPieces(head, listeners));
const row: SavedRow = ['app-1', '10.0.0.1', 80, 'unhealthy', now - 1000, now - 10, 'fail', 4, 2, 3];
const web: SavedListener = { name: 'web', type: 'tcp', intervalMs: 5000, rows: [row] };
const verdict = {
  listener: 'web',
  backend: 'app-1',
  target: 'tcp 10.0.0.1 80',
  state: 'unhealthy',
  since: now - 1000,
  probedAt: now - 10,
  run: { outcome: 'fail', length: 4 },
  transitions: { toHealthy: 2, toUnhealthy: 3 },
};

t.test('what is saved is read again', async (t) => {
  const dir = temporaryFolder(t);
  await saveSnapshot(dir, { savedAt: now, revision: 42 }, [web, { ...web, name: 'dns', rows: [] }]);
  t.same(await loadSnapshot(dir, now + 1000), { value: { revision: 42, verdicts: [verdict] } });
});

t.test('any number of backends is written, in pieces', async (t) => {
  const dir = temporaryFolder(t);
  const rows = Array.from({ length: 5000 }, (_, i): SavedRow => [`app-${i}"\n`, ...(row.slice(1) as never)]);
  await saveSnapshot(dir, { savedAt: now, revision: 42 }, [{ ...web, rows: [] }, { ...web, name: 'many', rows }, web]);
  const { value } = await loadSnapshot(dir, now);
  t.equal(value?.verdicts.length, 5001);
  t.match(value?.verdicts[4999], { listener: 'many', backend: 'app-4999"\n' });
});

t.test('at the first start there is nothing', async (t) => {
  t.same(await loadSnapshot(temporaryFolder(t), now), {});
});

t.test('a verdict that should have been renewed more than ten minutes ago is not taken up; revisions still only grow', async (t) => {
  const dir = temporaryFolder(t);
  const probed = (backend: string, probedAt: number): SavedRow => [backend, ...row.slice(1, 5), probedAt, ...row.slice(6)] as never;
  const rows = [probed('old', now - 11 * minute), probed('young', now - 9 * minute), probed('of the future', now + 2 * minute)];
  const seldom = [probed('seldom probed', now - 50 * minute)];
  await saveSnapshot(dir, { savedAt: now, revision: 42 }, [
    { ...web, rows },
    { ...web, name: 'hourly', intervalMs: 60 * minute, rows: seldom },
  ]);
  const { value } = await loadSnapshot(dir, now);
  t.same(
    value?.verdicts.map(({ backend }) => backend),
    ['young', 'seldom probed'],
    'however young the file is: what was not probed since does not become younger by being saved again',
  );
  t.same((await loadSnapshot(dir, now + 600 * minute)).value, { revision: 42, verdicts: [] });
});

t.test('a clock that was set back a little at start does no harm', async (t) => {
  const dir = temporaryFolder(t);
  await saveSnapshot(dir, { savedAt: now, revision: 42 }, [web]);
  t.equal((await loadSnapshot(dir, now - 30_000)).value?.verdicts.length, 1);
});

t.test('a damaged file is told of with what it means', async (t) => {
  const dir = temporaryFolder(t);
  await writeDurably(dir, { name: 'verdicts.json', version: 2 }, ['{}']);
  t.match((await loadSnapshot(dir, now)).problem, /verdicts\.json is damaged .* set aside as .*; every backend begins as initial/);
});

t.test('every field is looked at', async (t) => {
  const wrongRow = (place: number, value: unknown): unknown => ({
    revision: 42,
    listeners: [{ ...web, backends: [row.map((field, i) => (i === place ? value : field))] }],
  });
  const wrong: readonly unknown[] = [
    null,
    { listeners: [] },
    { revision: -1, listeners: [] },
    { revision: 42, listeners: {} },
    { revision: 42, listeners: [null] },
    { revision: 42, listeners: [{ ...web, backends: [7] }] },
    { revision: 42, listeners: [{ ...web, backends: [row.slice(1)] }] },
    wrongRow(0, 7),
    wrongRow(1, null),
    wrongRow(2, -1),
    wrongRow(3, 'initial'),
    wrongRow(4, 1.5),
    wrongRow(5, 'now'),
    wrongRow(6, 'maybe'),
    wrongRow(9, 2 ** 40),
  ];
  for (const body of wrong) {
    const dir = temporaryFolder(t);
    await writeDurably(dir, { name: 'verdicts.json', version: 1 }, [JSON.stringify(body)]);
    const { value, problem } = await loadSnapshot(dir, now);
    t.equal(value, undefined, JSON.stringify(body));
    t.match(problem, /damaged/, JSON.stringify(body));
  }
});

t.test('people can read it: one backend a line', async (t) => {
  const dir = temporaryFolder(t);
  await saveSnapshot(dir, { savedAt: now, revision: 42 }, [web]);
  t.match(readFileSync(join(dir, 'verdicts.json'), 'utf8').split('\n'), [/"sha256"/, /"revision":42/, /"name":"web"/, /^\["app-1"/]);
});
