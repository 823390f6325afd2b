import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { FileRefused, observeReads, readProblem, readRegularFileAsync, readRegularFileSync } from '#vitald/files/regular-file.js';
import { runToEnd } from '../support/child.js';
import { temporaryFolder } from '../support/daemon.js';

/** One of each kind of file, by what the refusal says. */
async function oneOfEach(t: Test): Promise<[path: string, refusal: RegExp][]> {
  const folder = temporaryFolder(t);
  const at = (name: string): string => join(folder, name);
  execFileSync('mkfifo', [at('fifo')]);
  mkdirSync(at('folder'));
  symlinkSync('fifo', at('link'));
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(at('socket'), resolve));
  t.teardown(() => server.close());
  return [
    [at('fifo'), /^it is a FIFO \(named pipe\), not a regular file$/],
    [at('link'), /^it is a FIFO/],
    [at('folder'), /^it is a folder$/],
    [at('socket'), /^it is a socket, not a regular file$/],
    ['/dev/zero', /^it is a device, not a regular file$/],
    ['/dev/tty', /^it is a device/],
  ];
}

t.test('a FIFO, a device, a socket and a folder are refused at once, and by name', async (t) => {
  for (const [path, refusal] of await oneOfEach(t)) {
    t.throws(() => readRegularFileSync(path, 1000), { name: 'FileRefused', message: refusal }, path);
    await t.rejects(readRegularFileAsync(path, 1000), { name: 'FileRefused', message: refusal }, path);
  }
});

t.test('a regular file is read as a whole, and one that is too large is not', async (t) => {
  const file = join(temporaryFolder(t), 'file');
  const text = 'x'.repeat(300_000);
  writeFileSync(file, text);
  t.equal(readRegularFileSync(file, text.length).toString(), text);
  t.equal((await readRegularFileAsync(file, text.length)).toString(), text);
  const tooLarge = { name: 'FileRefused', bytes: text.length, message: /^it is too large: / };
  t.throws(() => readRegularFileSync(file, text.length - 1), tooLarge);
  await t.rejects(readRegularFileAsync(file, text.length - 1), tooLarge);
  t.ok(readRegularFileSync('/proc/self/status', 100_000).length > 0, 'also one without a size');
  t.throws(() => readRegularFileSync('/proc/self/status', 10), FileRefused);
});

t.test('a file that cannot be read is reported with the code of the file system', async (t) => {
  const missing = join(temporaryFolder(t), 'missing');
  t.throws(() => readRegularFileSync(missing, 10), { code: 'ENOENT' });
  const error = await readRegularFileAsync(missing, 10).catch((reason: unknown) => reason);
  t.equal(readProblem(error), 'ENOENT');
  t.equal(readProblem(new FileRefused('it is a socket')), 'it is a socket');
});

t.test('what a shell or a parent passes as a descriptor is read, though it is a pipe', async (t) => {
  const program = `
    import { readRegularFileSync } from '#vitald/files/regular-file.js';
    process.stdout.write(readRegularFileSync(process.argv[1], 1000).toString());`;
  const node = `"${process.execPath}" --input-type=module -e "$0"`;
  for (const command of [`echo text | ${node} /dev/stdin`, `${node} <(echo text)`]) {
    const { exitCode, out, err } = await runToEnd(['bash', '-c', command, program]);
    t.match({ exitCode, out, err }, { exitCode: 0, out: 'text' }, command);
  }
});

t.test('another thread can be told which file is being read', async (t) => {
  const seen: (string | undefined)[] = [];
  observeReads((path) => void seen.push(path));
  t.teardown(() => observeReads(() => undefined));
  readRegularFileSync('/proc/self/status', 100_000);
  t.throws(() => readRegularFileSync('/dev/zero', 10));
  t.same(seen, ['/proc/self/status', undefined, '/dev/zero', undefined]);
});
