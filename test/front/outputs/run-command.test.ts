import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { commandFailure, runCommand, type RunCommandOptions } from '#vitald/front/outputs/run-command.js';
import { temporaryFolder } from '../../support/daemon.js';
import { eventually } from '../../support/eventually.js';

const usual = { limitMs: 20_000, maxOutputBytes: 1000 };
const sh = (script: string, options: Partial<RunCommandOptions> = {}) => runCommand(['sh', '-c', script], { ...usual, ...options });

/** A process that has ended but was not waited for is gone, too. */
function isRunning(pid: string): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

t.test('a program runs to its end, and both outputs are told', async (t) => {
  t.same(await sh('echo out; echo err >&2; exit 3'), { code: 3, signal: null, stdout: 'out\n', stderr: 'err\n' });
  t.match(await sh('kill -9 $$'), { code: null, signal: 'SIGKILL' });
});

t.test('arguments are no language: no shell looks at them', async (t) => {
  const { stdout } = await runCommand(['printf', '%s|', '$HOME; true', '`id`', '*'], usual);
  t.equal(stdout, '$HOME; true|`id`|*|');
});

t.test('a program gets its input whole', async (t) => {
  const input = 'x'.repeat(1_000_000);
  t.match(await sh('wc -c', { input }), { stdout: '1000000\n' });
});

t.test('a program that does not read its input is no failure', async (t) => {
  const input = 'x'.repeat(1_000_000);
  t.match(await runCommand(['true'], { ...usual, input }), { code: 0 });
  t.match(await sh('exec <&-; sleep 0.05; echo done', { input }), { code: 0, stdout: 'done\n' });
});

t.test('the environment is a minimal one, and what the options say', async (t) => {
  process.env.VITALD_TEST_SECRET = 'hush';
  t.teardown(() => delete process.env.VITALD_TEST_SECRET);
  const { stdout } = await runCommand(['env', '-0'], { ...usual, maxOutputBytes: 100_000, env: { STAGE: 'test' } });
  const names = stdout.split('\0').map((entry) => entry.split('=')[0]!);
  // The test runner adds its own to whatever is started.
  const own = names.filter((name) => name !== '' && !/^_TAPJS|^TAP|^NODE_OPTIONS$/.test(name));
  t.same(own.toSorted(), ['LANG', 'PATH', 'STAGE']);
});

t.test('of long outputs the end is kept', async (t) => {
  const { stdout } = await sh('seq 1 100000; echo last');
  t.equal(stdout.length, 1000);
  t.ok(stdout.endsWith('100000\nlast\n'));
});

t.test('a program that writes without end is killed', async (t) => {
  await t.rejects(runCommand(['yes'], usual), { message: /^yes wrote more than 16 MiB, and was killed/ });
});

t.test('at the limit the whole group is killed, and the last words are told', async (t) => {
  const file = join(temporaryFolder(t), 'pid');
  const running = sh(`sleep 1000 & echo $! > ${file}; echo "waits for godot" >&2; wait`, { limitMs: 1500 });
  await t.rejects(running, { message: 'sh did not end within 1.5 s, and was killed: waits for godot' });
  const pid = readFileSync(file, 'utf8').trim();
  await eventually('the child of the script to be gone', () => !isRunning(pid));
});

t.test('a program that does not heed SIGTERM is killed with SIGKILL', async (t) => {
  const file = join(temporaryFolder(t), 'pid');
  const closing = new AbortController();
  const running = sh(`trap "" TERM; echo $$ > ${file}; while true; do sleep 0.1; done`, { signal: closing.signal });
  const pid = await eventually('it to run', () => (existsSync(file) && readFileSync(file, 'utf8').trim()) || undefined);
  closing.abort();
  await t.rejects(running, { message: /^sh was ended before it was done/ });
  t.notOk(isRunning(pid));
});

t.test('nobody of the group is left, even who does not heed SIGTERM', async (t) => {
  const file = join(temporaryFolder(t), 'pid');
  const stubborn = `sh -c 'trap "" TERM; echo $$ > ${file}; while true; do sleep 0.1; done'`;
  await t.rejects(sh(`${stubborn} & wait`, { limitMs: 1500 }), { message: 'sh did not end within 1.5 s, and was killed' });
  const pid = readFileSync(file, 'utf8').trim();
  await eventually('the stubborn one to be gone', () => !isRunning(pid));
});

t.test('nothing is started when it is too late', async (t) => {
  await t.rejects(sh('true', { signal: AbortSignal.abort(new Error('closing')) }), { message: 'closing' });
});

t.test('what a program leaves running is not waited for', async (t) => {
  const begun = performance.now();
  const { code, stdout } = await sh('sleep 1000 & echo $!');
  t.teardown(() => process.kill(Number(stdout), 'SIGKILL'));
  t.equal(code, 0);
  t.ok(performance.now() - begun < 60_000);
  t.ok(isRunning(stdout.trim()));
});

t.test('a program that cannot be started is told of', async (t) => {
  const folder = temporaryFolder(t);
  const file = join(folder, 'script');
  writeFileSync(file, '#!/bin/sh\n', { mode: 0o600 });
  await t.rejects(runCommand([join(folder, 'missing')], usual), { message: /missing could not be started: there is no such program/ });
  await t.rejects(runCommand([file], usual), { message: /could not be started: no permission; it must be executable/ });
  await t.rejects(runCommand(['echo', 'x'.repeat(10_000_000)], usual), {
    message: 'echo could not be started: its arguments are too long',
  });
  await t.rejects(runCommand(['echo', 'a\0b'], usual), { message: /^echo could not be started/ });
});

t.test('a failure is told in a sentence', async (t) => {
  t.equal(commandFailure('hook', { code: 0, signal: null, stdout: 'x', stderr: 'warning' }), undefined);
  t.equal(
    commandFailure('hook', { code: 2, signal: null, stdout: 'x', stderr: 'a\nno such thing\n' }),
    'hook ended with exit code 2: no such thing',
  );
  t.equal(commandFailure('hook', { code: null, signal: 'SIGTERM', stdout: '', stderr: '' }), 'hook ended with SIGTERM');
});

t.test('without free file descriptors a program does not start, and says why', async (t) => {
  const script = `
    import { closeSync, openSync } from 'node:fs';
    import { runCommand } from '#vitald/front/outputs/run-command.js';
    const taken = [];
    try {
      for (;;) taken.push(openSync('/dev/null'));
    } catch {}
    const told = await runCommand(['true'], { limitMs: 5000, maxOutputBytes: 100 }).then(() => 'it ran', (error) => error.message);
    for (const fd of taken) closeSync(fd);
    console.log(told);`;
  const inLimit = ['-c', 'ulimit -n 100 && exec "$0" --input-type=module -e "$1"', process.execPath, script];
  const { stdout, stderr } = await runCommand(['sh', ...inLimit], usual);
  t.match(stdout, /^true could not be started: no file descriptors are left \(EMFILE\)/, stderr);
});
