import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { inTurn } from '#vitald/persistence/lock-turn.js';
import { openStateDir } from '#vitald/persistence/state-dir.js';
import { lockStateDir, type StateLock } from '#vitald/persistence/state-lock.js';
import { Child } from '../support/child.js';
import { temporaryFolder, withoutCapabilities } from '../support/daemon.js';
import { eventually } from '../support/eventually.js';

const own = 4711;
const inUse = { code: 'state_dir_in_use', message: /in use by another vitald.*server\.state_dir/ };

async function locked(t: Test, dir: string, processId = own): Promise<StateLock> {
  const lock = await lockStateDir(dir, processId);
  t.teardown(() => lock.release());
  return lock;
}

t.test('a folder that cannot be made is told of in one sentence', async (t) => {
  await t.rejects(openStateDir('/proc/vitald', own), { code: 'state_dir_not_writable', message: /\/proc\/vitald.*server\.state_dir/ });
});

t.test('the folder is made, for its owner and group only, and nothing but the lock is put there', async (t) => {
  const dir = join(temporaryFolder(t), 'state');
  const { warning, release } = await openStateDir(dir, own);
  t.equal(warning, undefined);
  t.equal(statSync(dir).mode & 0o027, 0);
  t.same(readdirSync(dir), ['lock']);
  await release();
  t.same(readdirSync(dir), []);
});

t.test('what a crash left half written is cleared away', async (t) => {
  const dir = temporaryFolder(t);
  writeFileSync(join(dir, 'verdicts.json.1234.new'), 'half');
  const { release } = await openStateDir(dir, own);
  t.same(readdirSync(dir), ['lock']);
  await release();
});

t.test('a second daemon is refused, and told who has the folder', async (t) => {
  const dir = temporaryFolder(t);
  const first = await locked(t, dir);
  await t.rejects(lockStateDir(dir, 1), { ...inUse, message: /\(process 4711\)/ });
  await t.rejects(lockStateDir(dir, 2), inUse, 'however often it tries');
  t.same(readdirSync(dir), ['lock'], 'and leaves nothing behind');
  await first.release();
  await locked(t, dir, 1);
});

t.test('a path that is longer than that of a socket may be can be locked, too', async (t) => {
  const dir = join(temporaryFolder(t), 'a'.repeat(100), 'b'.repeat(100));
  mkdirSync(dir, { recursive: true });
  t.equal((await locked(t, dir)).warning, undefined);
  await t.rejects(lockStateDir(dir, 1), inUse);
});

const holder = `
  import { lockStateDir } from '#vitald/persistence/state-lock.js';
  await lockStateDir(process.argv[1], process.pid).then(() => console.log('locked'), (error) => console.log(error.code, error.message));
  setInterval(() => undefined, 1000);`;

function hold(t: Test, dir: string, within = (command: string[]): string[] => command): Child {
  const child = new Child(within([process.execPath, '--input-type=module', '-e', holder, dir]));
  t.teardown(() => child.stop('SIGKILL'));
  return child;
}

t.test('a holder that is stopped still holds; one that was killed does not', async (t) => {
  const dir = temporaryFolder(t);
  const child = hold(t, dir);
  await child.line(/locked/);
  child.process.kill('SIGSTOP');
  await t.rejects(lockStateDir(dir, own), inUse);
  await child.stop('SIGKILL');
  t.same(readdirSync(dir), ['lock'], 'its socket is left over');
  await locked(t, dir);
});

t.test('of several that start at once after a crash, one gets it', async (t) => {
  const dir = temporaryFolder(t);
  const crashed = hold(t, dir);
  await crashed.line(/locked/);
  await crashed.stop('SIGKILL');
  const children = Array.from({ length: 5 }, () => hold(t, dir));
  const answers = await Promise.all(children.map((child) => child.line(/locked|state_dir_in_use/)));
  t.match(answers.sort(), ['locked', ...Array.from({ length: 4 }, () => /^state_dir_in_use/)]);
});

/** A turn as a living process writes it (persistence/lock-turn.ts). */
async function turnOf(t: Test, dir: string): Promise<string> {
  let text = '';
  await inTurn({ dir, within: dir }, { processId: process.pid }, () => {
    text = readFileSync(join(dir, 'lock.turn'), 'utf8');
    return Promise.resolve();
  });
  t.same(readdirSync(dir), [], 'a turn leaves nothing behind');
  return text;
}

t.test('a turn at the lock that a process left when it was killed delays no start', async (t) => {
  const dir = temporaryFolder(t);
  const turn = JSON.parse(await turnOf(t, dir)) as Record<string, unknown>;
  const gone = new Child(['true']);
  await gone.ended;
  for (const [what, text] of [
    ['of a process that has ended', { ...turn, pid: gone.pid }],
    ['of an earlier process with the same number', { ...turn, start: '1' }],
  ] as const) {
    writeFileSync(join(dir, 'lock.turn'), JSON.stringify(text));
    const startedAt = performance.now();
    const lock = await lockStateDir(dir, own);
    t.ok(performance.now() - startedAt < 1900, what);
    t.same(readdirSync(dir), ['lock'], what);
    await lock.release();
  }
});

t.test('whatever else is in the place of a turn is believed for two seconds, and reported', async (t) => {
  const dir = temporaryFolder(t);
  const turn = JSON.parse(await turnOf(t, dir)) as Record<string, unknown>;
  const path = join(dir, 'lock.turn');
  const put: Record<string, () => void> = {
    'an empty file': () => writeFileSync(path, ''),
    garbage: () => writeFileSync(path, '\u0000{"pid":'),
    'JSON that is no turn': () => writeFileSync(path, 'null'),
    'that of another container': () => writeFileSync(path, JSON.stringify({ ...turn, namespace: 'pid:[1]' })),
    'that of an earlier boot': () => writeFileSync(path, JSON.stringify({ ...turn, boot: 'x' })),
    'a FIFO': () => execFileSync('mkfifo', [path]),
    'a folder': () => mkdirSync(path),
    'a link to nowhere': () => symlinkSync('nowhere', path),
  };
  for (const [what, make] of Object.entries(put)) {
    make();
    const told: string[] = [];
    const startedAt = performance.now();
    const lock = await lockStateDir(dir, own, { onWait: (sentence) => told.push(sentence) });
    t.ok(performance.now() - startedAt > 1900, what);
    t.match(told, [/^waiting for .*lock\.turn: another process is taking the lock/], what);
    t.same(readdirSync(dir), ['lock'], what);
    await lock.release();
  }
});

t.test('the turn of a living process is waited for, until the wait is given up', async (t) => {
  const dir = temporaryFolder(t);
  writeFileSync(join(dir, 'lock.turn'), await turnOf(t, dir));
  const waiting = new AbortController();
  const told: string[] = [];
  const locking = lockStateDir(dir, own, { signal: waiting.signal, onWait: (sentence) => told.push(sentence) });
  locking.catch(() => undefined);
  await eventually('a sentence', () => told.length > 0);
  t.match(told, [new RegExp(`process ${process.pid} is taking the lock`)]);
  const startedAt = performance.now();
  waiting.abort(new Error('stopped'));
  await t.rejects(locking, { message: 'stopped' });
  t.ok(performance.now() - startedAt < 10_000);
  t.same(readdirSync(dir), ['lock.turn'], 'it is not taken away');
});

t.test('a process that is killed while it takes the lock, again and again', async (t) => {
  const dir = temporaryFolder(t);
  for (let round = 0; round < 10; round++) {
    const child = new Child([process.execPath, '--input-type=module', '-e', holder, dir]);
    await eventually('the folder to be touched', () => readdirSync(dir).length > 0 || child.hasEnded, { everyMs: 1 });
    child.process.kill('SIGKILL');
    await child.ended;
  }
  const startedAt = performance.now();
  await locked(t, dir);
  t.ok(performance.now() - startedAt < 15_000);
});

t.test('a lock of another user, who may be at work, is not taken away: it is told what to do', async (t) => {
  const dir = temporaryFolder(t);
  const crashed = hold(t, dir);
  await crashed.line(/locked/);
  await crashed.stop('SIGKILL');
  chmodSync(join(dir, 'lock'), 0);
  const child = hold(t, dir, withoutCapabilities);
  const said = await child.line(/locked|may be in use/);
  t.match(said, /state_dir_in_use.* may be in use by another vitald: its lock cannot be asked \(EACCES\).*then remove .*\/lock/);
});

t.test('whatever else has the name of the lock is no holder', async (t) => {
  const dir = temporaryFolder(t);
  writeFileSync(join(dir, 'lock'), '1');
  await locked(t, dir);
});

t.test('a file system that knows no sockets is told of, and does not keep the daemon from its work', async (t) => {
  const { warning, release } = await lockStateDir('/proc', own);
  t.match(warning, /the state folder \/proc cannot be locked \(\w+\): see that no other vitald uses it/);
  await release();
});
