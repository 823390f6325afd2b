import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tmpdir } from 'node:os';
import t from 'tap';
import { loadSnapshot, prepareStateDir, saveSnapshot, type Snapshot } from '#vitald/status/snapshot.js';

const now = Date.UTC(2026, 0, 1);
const snapshot: Snapshot = {
  savedAt: now,
  revision: 42,
  verdicts: [
    {
      listener: 'web',
      backend: 'app-1',
      target: 'tcp 10.0.0.1 80',
      state: 'unhealthy',
      since: now - 1000,
      run: { outcome: 'fail', length: 4 },
    },
  ],
};

const folder = (): string => {
  const dir = mkdtempSync(join(tmpdir(), 'vitald-snapshot-'));
  t.teardown(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
};

t.test('what is saved is read again', async (t) => {
  const dir = folder();
  await saveSnapshot(dir, snapshot);
  t.same(await loadSnapshot(dir, now + 1000), { snapshot });
  t.same(readdirSync(dir), ['state.json'], 'and nothing else is left');
});

t.test('at the first start there is nothing', async (t) => {
  t.same(await loadSnapshot(folder(), now), {});
});

t.test('verdicts of long ago say nothing of the present, but revisions still only grow', async (t) => {
  const dir = folder();
  await saveSnapshot(dir, snapshot);
  t.same(await loadSnapshot(dir, now + 3_600_000), { snapshot: { ...snapshot, verdicts: [] } });
});

t.test('a damaged file is set aside, told of and survived', async (t) => {
  const damages: Record<string, (text: string) => string> = {
    'cut short': (text) => text.slice(0, text.length / 2),
    'one character changed': (text) => text.replace('unhealthy', 'xnhealthy'),
    'another version': (text) => text.replace('"version":1', '"version":99'),
    empty: () => '',
    'not JSON': () => 'hello',
  };
  for (const [name, damage] of Object.entries(damages)) {
    const dir = folder();
    await saveSnapshot(dir, snapshot);
    const path = join(dir, 'state.json');
    writeFileSync(path, damage(readFileSync(path, 'utf8')));
    const loaded = await loadSnapshot(dir, now);
    t.equal(loaded.snapshot, undefined, name);
    t.match(loaded.problem, /damaged.*state\.json\.damaged/, name);
    t.same(readdirSync(dir), ['state.json.damaged'], name);
  }
});

t.test('a folder that cannot be made is told of in one sentence', async (t) => {
  await t.rejects(prepareStateDir('/proc/vitald'), { code: 'state_dir_not_writable', message: /\/proc\/vitald.*server\.state_dir/ });
});
