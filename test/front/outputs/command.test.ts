import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { command } from '#vitald/front/outputs/command/kind.js';
import { temporaryFolder } from '../../support/daemon.js';
import { eventually } from '../../support/eventually.js';
import { FrontWorld } from '../../support/front-world.js';
import type { Batch } from '../../support/hook-receiver.js';
import { runOutput } from '../../support/output-world.js';
import { Stopwatch } from '../../support/stopwatch.js';

/** A program of the shell's language, and what it appended to the file $OUT, line by line. */
function setUp(t: Test, script: string, options: Record<string, unknown> = {}) {
  const folder = temporaryFolder(t);
  const program = join(folder, 'hook');
  const file = join(folder, 'out');
  writeFileSync(program, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  const world = new FrontWorld({ web: { backends: ['a', 'b', 'c'] } });
  const env = { OUT: file, ...(options.env as object | undefined) };
  const running = runOutput(t, world, command, { batch_interval: '100ms', ...options, command: [program, '--site', '$HOME; exit 9'], env });
  const lines = (): string[] => (existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean) : []);
  return { world, program, lines, ...running };
}

const keepsInput = 'cat >> "$OUT"; echo >> "$OUT"';

t.test('a program reads events from its standard input', async (t) => {
  const { world, lines, post, output } = setUp(t, keepsInput);
  post(world.turn('web', 'a', 'unhealthy', 'connect_refused'), world.turn('web', 'b', 'healthy', 'ok'));
  await eventually('its success', () => output.state().state === 'ok');
  const [batch, ...rest] = lines().map((line) => JSON.parse(line) as Batch);
  t.same(rest, []);
  t.match(batch, { vitald: '1.2.3', checker: 'lb-1', revision: world.revision, incomplete: false });
  t.match(batch!.events, [
    { backend: 'a', from: 'initial', to: 'unhealthy', reason: 'connect_refused' },
    { backend: 'b', to: 'healthy' },
  ]);
});

t.test('its arguments are handed on as they are, and no shell looks at them', async (t) => {
  const { world, lines, post, output } = setUp(t, 'for each in "$@"; do echo "$each" >> "$OUT"; done');
  post(world.turn('web', 'a', 'unhealthy', 'connect_refused'));
  await eventually('its success', () => output.state().state === 'ok');
  t.same(lines(), ['--site', '$HOME; exit 9']);
});

t.test('what a backend says in its answers is data for the program, never a command', async (t) => {
  const { world, lines, post, output } = setUp(t, keepsInput);
  const evil = '"; touch /tmp/owned; $(id) `id` \n\u0000 ✓';
  post(world.turn('web', 'a', 'unhealthy', 'status_mismatch', evil));
  await eventually('its success', () => output.state().state === 'ok');
  t.equal((JSON.parse(lines()[0]!) as Batch).events[0]!.detail, evil);
});

t.test('a program that fails is run again, with what is the state then', async (t) => {
  const { world, program, lines, post, output } = setUp(
    t,
    `${keepsInput}; [ $(wc -l < "$OUT") -ge 3 ] || { echo "no route to $TOKEN" >&2; exit 4; }`,
    {
      env: { TOKEN: 'hush-hush' },
    },
  );
  post(world.turn('web', 'a', 'unhealthy', 'connect_refused'));
  const problem = await eventually('its failure', () => output.state().problem);
  t.equal(problem, `${program} ended with exit code 4: no route to [redacted]`);
  post(world.turn('web', 'a', 'healthy', 'ok'));
  await eventually('its success', () => output.state().state === 'ok');
  const batches = lines().map((line) => JSON.parse(line) as Batch);
  t.equal(batches.length, 3);
  t.match(batches.at(-1)!.events, [{ backend: 'a', from: 'initial', to: 'healthy', missed: 1 }]);
});

t.test('a program that hangs is killed and run again, and never runs twice at a time', async (t) => {
  const { world, program, lines, post, output } = setUp(
    t,
    'echo begin >> "$OUT"; if [ $(wc -l < "$OUT") = 1 ]; then trap "" TERM; sleep 1000; fi; echo end >> "$OUT"',
    { timeout: '300ms' },
  );
  post(world.turn('web', 'a', 'unhealthy', 'connect_refused'));
  const problem = await eventually('its failure', () => output.state().problem);
  t.match(problem, `${program} did not end within 0.3 s, and was killed`);
  await eventually('its success', () => output.state().state === 'ok');
  t.same(lines(), ['begin', 'begin', 'end']);
});

t.test('it closes within a second while a program runs, which is ended', async (t) => {
  const { world, lines, post, output } = setUp(t, 'echo $$ >> "$OUT"; exec sleep 1000');
  post(world.turn('web', 'a', 'unhealthy', 'connect_refused'));
  const pid = await eventually('it to run', () => lines()[0]);
  const watch = await Stopwatch.start();
  await output.close();
  t.ok(watch.isWithin(1000), String(watch));
  await eventually('its end', () => !existsSync(`/proc/${pid}`));
});

t.test('a program that is not there is told of, and looked for again', async (t) => {
  const folder = temporaryFolder(t);
  const program = join(folder, 'hook');
  const world = new FrontWorld({ web: { backends: ['a'] } });
  const { post, output } = runOutput(t, world, command, { command: [program] });
  post(world.turn('web', 'a', 'unhealthy', 'connect_refused'));
  await eventually(
    'the failure',
    () => output.state().problem === `${program} could not be started: there is no such program; write its whole path`,
  );
  writeFileSync(`${program}.new`, '#!/bin/sh\nexit 0\n', { mode: 0o755 });
  // Not written in place: a program that is open for writing cannot be started.
  renameSync(`${program}.new`, program);
  await eventually('its success', () => output.state().state === 'ok');
});
