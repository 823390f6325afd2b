import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { CodedError } from '#vitald/errors.js';
import { ControlFile, loadControl, type ControlState } from '#vitald/persistence/control-state.js';
import { writeDurably } from '#vitald/persistence/durable-file.js';
import type { OperatorNote, Override } from '#vitald/messages.js';
import { temporaryFolder } from '../support/daemon.js';

const note: OperatorNote = { by: 'ann', why: 'disk swap', at: 1000, expiresAt: 5000 };
const override: Override = {
  listener: 'web',
  backend: 'app-1',
  admin: 'maintenance',
  weight: 5,
  adminNote: note,
  weightNote: { ...note, expiresAt: undefined },
};
const state: ControlState = {
  overrides: [override],
  runtime: [{ listener: 'web', backends: [{ id: 'app-9', address: '2001:db8::1', port: 80, weight: 1, version: 3, by: 'cd', at: 7 }] }],
};
const nothing: ControlState = { overrides: [], runtime: [] };
const weighing = (weight: number): ControlState => ({ ...nothing, overrides: [{ ...override, weight }] });
const weightIn = async (dir: string): Promise<unknown> => (await loadControl(dir)).state.overrides[0]?.weight;

t.test('overrides and runtime backends are read as they were saved', async (t) => {
  const dir = temporaryFolder(t);
  await new ControlFile(dir).save(() => state);
  t.same(await loadControl(dir), { state });
});

t.test('any number of them', async (t) => {
  const dir = temporaryFolder(t);
  const { backends } = state.runtime[0]!;
  const many = Array.from({ length: 1203 }, (_, i) => ({ ...backends[0]!, id: `app-${i}`, port: 1 + i }));
  const large = {
    overrides: many.map(({ id }) => ({ ...override, backend: id })),
    runtime: [...state.runtime, { listener: 'b', backends: many }],
  };
  await new ControlFile(dir).save(() => large);
  t.same(await loadControl(dir), { state: large });
});

t.test('at the first start there are none', async (t) => {
  t.same(await loadControl(temporaryFolder(t)), { state: nothing });
});

t.test('without a state folder nothing is kept, and nothing fails', async () => {
  await new ControlFile(undefined).save(() => state);
});

t.test('saves that come while one is under way share the next one', async (t) => {
  const dir = temporaryFolder(t);
  let ends = 0;
  const file = new ControlFile(dir, { onSaved: () => ends++ });
  let weight = 0;
  const saves = Array.from({ length: 50 }, () => {
    weight++;
    return file.save(() => weighing(weight));
  });
  await saves[0];
  await Promise.all(saves.slice(1));
  t.equal(ends, 2);
  t.equal(await weightIn(dir), 50, 'and the newest state is what it writes');
});

t.test('who is told that it is saved finds it on the disk', async (t) => {
  const dir = temporaryFolder(t);
  const file = new ControlFile(dir);
  let weight = 0;
  await Promise.all(
    Array.from({ length: 20 }, async () => {
      const own = ++weight;
      await file.save(() => weighing(weight));
      t.ok(Number(await weightIn(dir)) >= own);
    }),
  );
});

t.test('what cannot be saved is an error for people, and the next save is tried anew', async (t) => {
  const dir = join(temporaryFolder(t), 'state');
  const ends: (CodedError | undefined)[] = [];
  const file = new ControlFile(dir, { onSaved: (error) => ends.push(error) });
  const first = file.save(() => state);
  const second = file.save(() => state);
  for (const save of [first, second]) {
    await t.rejects(save, { code: 'state_not_saved', httpStatus: 507, message: /state\/control\.json: the folder is gone.*ENOENT/ });
  }
  mkdirSync(dir);
  await file.save(() => state);
  t.match(ends, [{ code: 'state_not_saved' }, { code: 'state_not_saved' }, undefined]);
  t.same(await loadControl(dir), { state });
});

t.test('a disk that hangs delays no start for ever', async (t) => {
  const backends = Array.from({ length: 20_000 }, (_, i) => ({ ...state.runtime[0]!.backends[0]!, id: `app-${i}` }));
  const limitMs = 1;
  await new Promise<void>((ended) => {
    const file = new ControlFile(temporaryFolder(t), { limitMs, onSaved: () => ended() });
    void t.rejects(
      file.save(() => ({ ...nothing, runtime: [{ listener: 'web', backends }] })),
      { code: 'state_not_saved', message: /has not answered within/ },
    );
  });
});

t.test('every field is looked at: a wrong one is told by its name, and the file is set aside', async (t) => {
  const [runtime] = state.runtime;
  const [backend] = runtime!.backends;
  const wrong: readonly [path: string, body: unknown][] = [
    ['the file', []],
    ['overrides', { runtime: [] }],
    ['overrides[0]', { ...state, overrides: [7] }],
    ['overrides[0].listener', { ...state, overrides: [{ ...override, listener: 7 }] }],
    ['overrides[0].backend', { ...state, overrides: [{ ...override, backend: '' }] }],
    ['overrides[0].admin', { ...state, overrides: [{ ...override, admin: 'forced' }] }],
    ['overrides[1].weight', { ...state, overrides: [override, { ...override, weight: -1 }] }],
    ['overrides[0].adminNote', { ...state, overrides: [{ ...override, adminNote: 'ann' }] }],
    ['overrides[0].adminNote.by', { ...state, overrides: [{ ...override, adminNote: { ...note, by: 7 } }] }],
    ['overrides[0].weightNote.lastsMs', { ...state, overrides: [{ ...override, weightNote: { ...note, lastsMs: -1 } }] }],
    ['overrides[0].weightNote.expiresAt', { ...state, overrides: [{ ...override, weightNote: { ...note, expiresAt: 'soon' } }] }],
    ['runtime', { overrides: [], runtime: {} }],
    ['runtime[0].backends', { ...state, runtime: [{ listener: 'web' }] }],
    ['runtime[1]', { ...state, runtime: [runtime, runtime] }],
    ['runtime[0].backends[1]', { ...state, runtime: [{ ...runtime, backends: [backend, { ...backend, address: '10.0.0.1' }] }] }],
    ['runtime[0].backends[1]', { ...state, runtime: [{ ...runtime, backends: [backend, { ...backend, id: 'app-8' }] }] }],
    ['runtime[0].backends[0].address', { ...state, runtime: [{ ...runtime, backends: [{ ...backend, address: 'example.com' }] }] }],
    ['runtime[0].backends[0].port', { ...state, runtime: [{ ...runtime, backends: [{ ...backend, port: 0 }] }] }],
    ['runtime[0].backends[0].weight', { ...state, runtime: [{ ...runtime, backends: [{ ...backend, weight: 1.5 }] }] }],
    ['runtime[0].backends[0].version', { ...state, runtime: [{ ...runtime, backends: [{ ...backend, version: null }] }] }],
  ];
  for (const [path, body] of wrong) {
    const dir = temporaryFolder(t);
    await writeDurably(dir, { name: 'control.json', version: 1 }, [JSON.stringify(body)]);
    const loaded = await loadControl(dir);
    t.same(loaded.state, nothing, path);
    t.match(loaded.problem, `(${path} is not as expected`, path);
    t.match(loaded.problem, /set aside as .*; all overrides.*are lost/, path);
    t.match(readdirSync(dir), [/^control\.json\.damaged-/], path);
  }
});
