import t from 'tap';
import { BoundedReader } from '#vitald/files/bounded-read.js';

const options = { mostBytes: 1000, limitMs: 20 };

/** A file system on which some paths do not answer until they are told to. */
function hangingFiles() {
  const waiting = new Map<string, (text: string) => void>();
  const attempts: string[] = [];
  const reader = new BoundedReader((path) => {
    attempts.push(path);
    if (!path.startsWith('/dead/')) return Promise.resolve(Buffer.from(path));
    return new Promise((resolve) => waiting.set(path, (text) => resolve(Buffer.from(text))));
  });
  return { reader, attempts, answer: (path: string, text: string) => waiting.get(path)!(text) };
}

t.test('a file that does not answer is given up, and not tried again while the first attempt lasts', async (t) => {
  const { reader, attempts, answer } = hangingFiles();
  const hangs = { name: 'FileRefused', message: /^its file system has not answered for \d+ s$/ };
  await Promise.all([1, 2, 3].map(() => t.rejects(reader.read('/dead/a', options), hangs)));
  await t.rejects(reader.read('/dead/a', { ...options, limitMs: 60_000 }), hangs, 'at once');
  t.same(attempts, ['/dead/a']);

  answer('/dead/a', 'late');
  await new Promise((resolve) => setImmediate(resolve));
  const again = reader.read('/dead/a', { ...options, limitMs: 60_000 });
  answer('/dead/a', 'in time');
  t.equal((await again).toString(), 'in time', 'the file system is back');
  t.same(attempts, ['/dead/a', '/dead/a']);
});

t.test('files that hang take two threads at most, and the refusal names them', async (t) => {
  const { reader, attempts } = hangingFiles();
  for (const path of ['/dead/a', '/dead/b']) await t.rejects(reader.read(path, options));
  t.equal(attempts.length, 2);
  await t.rejects(reader.read('/dead/c', options), { message: 'it is not tried while other files do not answer: /dead/a, /dead/b' });
  t.equal(attempts.length, 2);
});

t.test('files that are asked for at the same time take two threads at most, too', async (t) => {
  const { reader, attempts, answer } = hangingFiles();
  const long = { ...options, limitMs: 60_000 };
  const first = reader.read('/dead/a', long);
  const second = t.rejects(reader.read('/dead/b', options), { message: /has not answered/ });
  await t.rejects(reader.read('/dead/c', options), { message: /^it is not tried while other files do not answer: \/dead\/a, \/dead\/b$/ });
  await second;
  t.same(attempts, ['/dead/a', '/dead/b']);
  const waiting = reader.read('/alive', long);
  answer('/dead/a', 'a');
  t.equal((await first).toString(), 'a');
  t.equal((await waiting).toString(), '/alive', 'its turn has come');
});

t.test('one file that hangs holds up no other', async (t) => {
  const { reader } = hangingFiles();
  await t.rejects(reader.read('/dead/a', options));
  t.equal((await reader.read('/alive', options)).toString(), '/alive');
  t.equal((await reader.read('/alive', options)).toString(), '/alive', 'as often as it is asked for');
});

t.test('an error of the file system is that of every caller, and of no later one', async (t) => {
  let calls = 0;
  const reader = new BoundedReader(() => {
    calls++;
    return Promise.reject(new Error('EACCES'));
  });
  await Promise.all([1, 2].map(() => t.rejects(reader.read('/a', options), { message: 'EACCES' })));
  t.equal(calls, 1);
  await t.rejects(reader.read('/a', options), { message: 'EACCES' });
  t.equal(calls, 2);
});
