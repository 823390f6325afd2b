import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { AuditFile } from '#vitald/front/control/audit-file.js';
import { CodedError } from '#vitald/errors.js';
import { controlApi, type Problem } from '../../support/control.js';
import { temporaryFolder } from '../../support/daemon.js';
import { eventually } from '../../support/eventually.js';

const path = '/listeners/web/backends';

interface Entries {
  readonly entries: readonly Record<string, unknown>[];
}

t.test('every change and every refused one is noted: who, from where, what, why, before and after', async (t) => {
  const stateDir = temporaryFolder(t);
  const { ask, control, lines } = await controlApi(t, { stateDir });
  await ask.put(`${path}/app-1/override`, { mode: 'maintenance', reason: 'new kernel', by: 'alice' });
  await ask.put(`${path}/app-1/weight`, { weight: 3, reason: 'slow' });
  await ask.delete(`${path}/app-1/override?by=bob&reason=done`);
  await ask.put(`${path}/app-9`, { address: '10.0.0.9' });
  await ask.put(`${path}/app-9`, { address: '10.0.0.9' });
  await ask.put(`${path}/app-8`, { address: '192.0.2.1' });
  await ask.put(path, { backends: [] });
  const { entries } = (await ask.get('/audit?limit=10')).json<Entries>();
  t.match([...entries].reverse(), [
    {
      action: 'override_set',
      backend: 'app-1',
      caller: 'anonymous',
      by: 'alice',
      remote: '127.0.0.1',
      reason: 'new kernel',
      before: null,
      after: { mode: 'maintenance' },
      result: 'done',
    },
    { action: 'weight_set', before: null, after: { weight: 3 }, by: null },
    { action: 'override_ended', by: 'bob', reason: 'done', before: { mode: 'maintenance', by: 'alice' }, after: null },
    { action: 'backend_put', backend: 'app-9', before: null, after: { address: '10.0.0.9', port: 80, weight: 1 } },
    { action: 'backend_put', backend: 'app-8', result: 'refused', code: 'network_not_allowed' },
    { action: 'backends_replaced', backend: null, before: { total: 1 }, after: { total: 0, removed: { count: 1, ids: ['app-9'] } } },
  ]);
  t.equal(entries.length, 6, 'what changed nothing has no entry');
  t.same((await ask.get('/audit?limit=2')).json<Entries>().entries.length, 2);
  t.match(
    lines.find(({ audit, action }) => audit === true && action === 'override_set'),
    { msg: 'web/app-1: override_set by alice (anonymous)' },
  );

  await control.close();
  const file = join(stateDir, 'audit.log');
  const written = (name: string): unknown[] =>
    readFileSync(join(stateDir, name), 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown);
  const inOrder = [...entries].reverse();
  t.same(
    written('audit.log'),
    inOrder.filter(({ result }) => result === 'done'),
  );
  t.same(
    written('audit-minor.log'),
    inOrder.filter(({ result }) => result === 'refused'),
    'what was refused has a file of its own',
  );
  t.equal(statSync(file).mode & 0o777, 0o640);

  appendFileSync(file, '{"at":"2026-01-01T');
  const next = await controlApi(t, { stateDir });
  next.control.start();
  const again = await eventually('what was noted before', async () => {
    const found = (await next.ask.get('/audit')).json<Entries>().entries;
    return found.length > 0 && found;
  });
  t.same(again, entries, 'a later process shows it, without the line that a crash cut off');
});

t.test('a change that cannot be saved is in force; the answer says so, and it is saved with the next one', async (t) => {
  let disk: 'full' | 'fine' = 'full';
  let saves = 0;
  const file = {
    save: () => {
      saves++;
      return disk === 'fine' ? Promise.resolve() : Promise.reject(new CodedError('state_not_saved', 'the disk is full'));
    },
  };
  const { ask, lines } = await controlApi(t, { file });
  const set = await ask.put(`${path}/app-1/override`, { mode: 'maintenance', reason: 'x' });
  t.match(set.json<Problem>(), { status: 507, code: 'state_not_saved', detail: /in force, but .* the disk is full/ });
  t.match((await ask.get(`${path}/app-1`)).json(), { routable: false, routable_because: 'maintenance' });
  t.match((await ask.get('/audit')).json<Entries>().entries[0], {
    action: 'override_set',
    after: { mode: 'maintenance' },
    result: 'not_saved',
  });
  t.ok(lines.some(({ level, msg }) => level === 40 && /override_set by anonymous, but it could not be saved/.test(String(msg))));

  t.equal((await ask.put(`${path}/app-9`, { address: '10.0.0.9' })).statusCode, 507);
  disk = 'fine';
  const before = saves;
  t.equal((await ask.put(`${path}/app-9`, { address: '10.0.0.9' })).statusCode, 200, 'the same again saves what was not');
  t.equal(saves, before + 1);
  t.equal((await ask.put(`${path}/app-9`, { address: '10.0.0.9' })).statusCode, 200);
  t.equal(saves, before + 1, 'and nothing where all is saved');
});

t.test('the file is rotated, two of them are kept', async (t) => {
  const stateDir = temporaryFolder(t);
  const file = new AuditFile({ stateDir, onFailure: (sentence) => t.fail(sentence), largestBytes: 100 });
  for (let i = 0; i < 10; i++) {
    file.append(`${i}${'x'.repeat(59)}`);
    await file.flush();
  }
  t.match(readFileSync(join(stateDir, 'audit.log'), 'utf8'), /^8x+\n9x+\n$/);
  t.match(readFileSync(join(stateDir, 'audit.log.1'), 'utf8'), /^6x+\n7x+\n$/);
});

t.test('a file that cannot be written is told of once, and again written when it can be', async (t) => {
  const stateDir = join(temporaryFolder(t), 'state');
  const told: string[] = [];
  const file = new AuditFile({ stateDir, onFailure: (sentence) => told.push(sentence) });
  file.append('lost');
  await file.flush();
  file.append('lost');
  await file.flush();
  t.match(told, [/audit\.log cannot be written: .*ENOENT/]);
  t.same(await file.tail(), []);
  mkdirSync(stateDir);
  file.append('kept');
  await file.flush();
  t.same(await file.tail(), ['kept']);
  rmSync(stateDir, { recursive: true });
  file.append('lost');
  await file.flush();
  t.equal(told.length, 2);
});

t.test('of a long file only the end is read back, in whole lines', async (t) => {
  const stateDir = temporaryFolder(t);
  writeFileSync(join(stateDir, 'audit.log'), Array.from({ length: 20_000 }, (_, i) => `line ${i} ${'x'.repeat(50)}\n`).join(''));
  const lines = await new AuditFile({ stateDir, onFailure: () => undefined }).tail();
  t.ok(lines.length > 5000 && lines.length < 10_000);
  t.match(lines[0], /^line \d+ x{50}$/);
  t.match(lines.at(-1), /^line 19999 /);
});

t.test('without a folder nothing is written', async (t) => {
  const file = new AuditFile({ stateDir: undefined, onFailure: (sentence) => t.fail(sentence) });
  file.append('x');
  await file.flush();
  t.same(await file.tail(), []);
  t.notOk(existsSync('audit.log'));
});
