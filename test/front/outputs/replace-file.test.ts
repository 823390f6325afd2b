import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { companion, replaceFile } from '#vitald/front/outputs/replace-file.js';
import { temporaryFolder } from '../../support/daemon.js';

const bytes = (...texts: string[]): Buffer[] => texts.map((text) => Buffer.from(text));
const mode = 0o640;

t.test('a file is replaced by another one, with its pieces in order and the permissions asked for', async (t) => {
  const path = join(temporaryFolder(t), 'status.json');
  writeFileSync(path, 'old', { mode: 0o600 });
  const before = statSync(path).ino;
  await replaceFile(path, bytes('new ', 'and ', 'whole'), { mode });
  t.equal(readFileSync(path, 'utf8'), 'new and whole');
  t.equal(statSync(path).mode & 0o777, 0o640);
  t.not(statSync(path).ino, before, 'whoever has the old one open reads the old one to its end');
});

t.test('while it is written, and where that fails in the middle, the old file is there', async (t) => {
  const folder = temporaryFolder(t);
  const path = join(folder, 'status.json');
  writeFileSync(path, 'old');
  const breaking = function* (): Generator<Buffer> {
    yield Buffer.from('half of ');
    t.equal(readFileSync(path, 'utf8'), 'old');
    throw new Error('no more');
  };
  await t.rejects(replaceFile(path, breaking(), { mode }), { message: 'no more' });
  t.equal(readFileSync(path, 'utf8'), 'old');
  t.same(readdirSync(folder), ['status.json'], 'nothing is left beside it');
});

t.test('what a process left that was killed in the middle is in nobody’s way', async (t) => {
  const path = join(temporaryFolder(t), 'status.json');
  writeFileSync(companion(path, 'new'), 'half of');
  await replaceFile(path, bytes('new'), { mode });
  t.equal(readFileSync(path, 'utf8'), 'new');
});

t.test('a link that somebody puts where the new file is written leads nowhere', async (t) => {
  const folder = temporaryFolder(t);
  const victim = join(folder, 'victim');
  writeFileSync(victim, 'precious');
  const path = join(folder, 'status.json');
  symlinkSync(victim, companion(path, 'new'));
  await replaceFile(path, bytes('new'), { mode });
  t.equal(readFileSync(victim, 'utf8'), 'precious');
  t.equal(readFileSync(path, 'utf8'), 'new');
});

t.test('an abort keeps the old file', async (t) => {
  const path = join(temporaryFolder(t), 'status.json');
  writeFileSync(path, 'old');
  const abort = new AbortController();
  const aborting = function* (): Generator<Buffer> {
    yield Buffer.from('half of ');
    abort.abort(new Error('the output closes'));
    yield Buffer.from('it');
  };
  await t.rejects(replaceFile(path, aborting(), { mode, signal: abort.signal }), { message: 'the output closes' });
  t.equal(readFileSync(path, 'utf8'), 'old');
});

t.test('helper files are hidden from patterns such as conf.d/*', async (t) => {
  t.equal(companion('/etc/nginx/conf.d/vitald.conf', 'previous'), '/etc/nginx/conf.d/.vitald.conf.vitald-previous');
});

t.test('what stands in the way is told, and what to do', async (t) => {
  const folder = temporaryFolder(t);
  mkdirSync(join(folder, 'taken'));
  const problemOf = (path: string): Promise<string> =>
    replaceFile(path, bytes('new'), { mode }).then(
      () => 'none',
      (error: Error) => error.message,
    );
  t.match(
    await problemOf(join(folder, 'missing', 'status.json')),
    /status.json cannot be written \(ENOENT\): there is no such .*folder; create it/,
  );
  t.match(await problemOf(join(folder, 'taken')), /taken cannot be written \(EISDIR\): that is a folder; name a file in it/);
  t.match(await problemOf('/dev/full/status.json'), /\(ENOTDIR\): a part of the path is no folder/);
  t.match(await problemOf('/proc/status.json'), /cannot be written \(E\w+\)/);
});
