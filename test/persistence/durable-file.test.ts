import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { clearTemporary, loadDurably, writeDurably, type Loaded } from '#vitald/persistence/durable-file.js';
import { survived } from '../support/checker-faults.js';
import { temporaryFolder } from '../support/daemon.js';

const format = { name: 'notes.json', version: 3 };
const load = (dir: string): Promise<Loaded<unknown>> => loadDurably(dir, format, (body) => JSON.parse(body) as unknown);

t.test('what is written is read again, and nothing else is left in the folder', async (t) => {
  const dir = temporaryFolder(t);
  await writeDurably(dir, format, ['{"text":', Buffer.from('"ä\\nb"}')]);
  t.same(await load(dir), { value: { text: 'ä\nb' } });
  const bytes = await writeDurably(dir, format, ['[]']);
  t.same(await load(dir), { value: [] }, 'the newer one has taken the place of the older');
  t.same(readdirSync(dir), ['notes.json']);
  t.equal(statSync(join(dir, 'notes.json')).size, bytes);
  t.equal(statSync(join(dir, 'notes.json')).mode & 0o027, 0, 'others may not read it, nor the group write');
});

t.test('where nothing was ever written there is nothing', async (t) => {
  t.same(await load(temporaryFolder(t)), {});
});

t.test('a damaged file is set aside, told of and survived', async (t) => {
  const damages: readonly [name: string, why: RegExp, damage: (bytes: Buffer) => Buffer | string][] = [
    ['cut short', /checksum/, (bytes) => bytes.subarray(0, bytes.length - 3)],
    ['cut in its first line', /header/, (bytes) => bytes.subarray(0, 20)],
    ['one bit flipped', /checksum/, (bytes) => bytes.fill(bytes.at(-2)! ^ 1, bytes.length - 2, bytes.length - 1)],
    ['longer than it was', /checksum/, (bytes) => Buffer.concat([bytes, Buffer.alloc(512)])],
    ['of a later version', /version 4.*reads version 3/, (bytes) => bytes.toString().replace('"version":3', '"version":4')],
    ['another file', /header/, (bytes) => bytes.toString().replace('notes.json', 'other.json')],
    ['empty', /empty/, () => ''],
    ['all zeros, as after a power cut', /header/, (bytes) => Buffer.alloc(bytes.length)],
    ['something else', /header/, () => 'hello'],
    ['the header of nothing', /header/, () => 'null\nnull'],
  ];
  for (const [name, why, damage] of damages) {
    const dir = temporaryFolder(t);
    await writeDurably(dir, format, ['{"text":"hello"}']);
    const path = join(dir, 'notes.json');
    const damaged = Buffer.from(damage(readFileSync(path)));
    writeFileSync(path, damaged);
    const { value, problem } = await load(dir);
    t.equal(value, undefined, name);
    t.match(problem, why, name);
    const [aside, ...others] = readdirSync(dir);
    t.match(aside, /^notes\.json\.damaged-20/, name);
    t.match(problem, aside!, `${name}: it is told where it is`);
    t.same(readFileSync(join(dir, aside!)), damaged, `${name}: for people to look at`);
    t.same(others, [], name);
    t.same(await load(dir), {}, `${name}: the next start finds nothing amiss`);
  }
  survived(t, 'state-damaged', damages.length);
});

t.test('a body that cannot be understood is damage, too', async (t) => {
  const dir = temporaryFolder(t);
  await writeDurably(dir, format, ['{"text":']);
  t.match((await load(dir)).problem, /notes\.json is damaged \(.*JSON.*\) and is set aside as .*notes\.json\.damaged-/);
});

t.test('what cannot be read is set aside: the next write must not destroy it', async (t) => {
  const dir = temporaryFolder(t);
  mkdirSync(join(dir, 'notes.json'));
  t.match((await load(dir)).problem, /cannot be read \(it is a folder\) and is set aside/);
  t.match(readdirSync(dir), [/^notes\.json\.damaged-/]);
  await writeDurably(dir, format, ['[1]']);
  t.same(await load(dir), { value: [1] });
});

t.test('of files that were set aside, the last three are kept', async (t) => {
  const dir = temporaryFolder(t);
  for (const text of ['a', 'b', 'c', 'd', 'e']) {
    writeFileSync(join(dir, 'notes.json'), text);
    await load(dir);
    // Their names tell the millisecond.
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  t.same(
    readdirSync(dir).map((name) => readFileSync(join(dir, name), 'utf8')),
    ['c', 'd', 'e'],
  );
});

t.test('a write that fails leaves the old file as it was, and nothing beside it', async (t) => {
  const dir = temporaryFolder(t);
  await writeDurably(dir, format, ['"old"']);
  const broken = function* (): Generator<string> {
    yield '"new';
    throw new Error('enough');
  };
  await t.rejects(writeDurably(dir, format, broken()), { message: 'enough' });
  t.same(await load(dir), { value: 'old' });
  t.same(readdirSync(dir), ['notes.json']);
});

t.test('what a crash left half written is cleared away, and nothing else', async (t) => {
  const dir = temporaryFolder(t);
  await writeDurably(dir, format, ['"old"']);
  writeFileSync(join(dir, 'notes.json.1234.new'), '{"file":"notes.json"');
  writeFileSync(join(dir, 'README'), 'mine');
  await clearTemporary(dir);
  t.same(readdirSync(dir).sort(), ['README', 'notes.json']);
  t.same(await load(dir), { value: 'old' });
});

t.test('a folder that is gone is an error of the write', async (t) => {
  await t.rejects(writeDurably(join(temporaryFolder(t), 'none'), format, ['1']), { code: 'ENOENT' });
});
