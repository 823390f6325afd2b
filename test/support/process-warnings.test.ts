import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import t from 'tap';
import { temporaryFolder } from './daemon.js';

interface Runtime {
  readonly program: string;
  readonly options: string;
}
interface Warning {
  readonly text: string;
  readonly fails: boolean;
}
type Report = { readonly lines: string[]; line(line: string): void };

const script = <T>(name: string): Promise<T> => import(pathToFileURL(resolve('scripts', name)).href) as Promise<T>;

t.test('every process warning fails, but those that depend on the version of Node.js', async (t) => {
  const { parseWarnings } = await script<{ parseWarnings: (text: string) => Warning[] }>('process-warnings.mjs');
  const text = [
    '(node:1) MaxListenersExceededWarning: Possible EventTarget memory leak detected. 11 abort listeners added',
    '(Use `node --trace-warnings ...` to show where the warning was created)',
    '(node:2) Warning: Closing file descriptor 20 on garbage collection',
    '(node:2) [DEP0137] DeprecationWarning: Closing a FileHandle object on garbage collection is deprecated.',
    '(node:3) [DEP0040] DeprecationWarning: The `punycode` module is deprecated.',
    '(node:4) ExperimentalWarning: SQLite is an experimental feature and might change at any time',
    '(node:5, thread:2) TimeoutOverflowWarning: 1e+300 does not fit into a 32-bit signed integer.',
    '',
  ].join('\n');
  const warnings = parseWarnings(text);
  t.same(
    warnings.map(({ fails }) => fails),
    [true, true, true, false, false, true],
  );
  t.match(warnings[0]?.text, /abort listeners added\n\(Use/, 'a warning may have several lines');
  t.same(parseWarnings(''), []);
});

t.test('a test file fails by a warning of its own, of a thread, and of a program that it starts', async (t) => {
  type RunTests = (files: readonly string[], how: { runtimes: readonly Runtime[]; jobs: number }, report: Report) => Promise<boolean>;
  const { runTests } = await script<{ runTests: RunTests }>('run-tests.mjs');
  // tap adds --no-warnings to NODE_OPTIONS of this process where Node.js is new; these options take its place.
  const runtimes = [{ program: process.execPath, options: '--enable-source-maps' }];
  const folder = temporaryFolder(t);
  const warning = "process.emitWarning('from here')";
  const bodies = {
    none: '',
    own: warning,
    thread: `new (require('node:worker_threads').Worker)(${JSON.stringify(warning)}, { eval: true })`,
    child: `require('node:child_process').spawnSync(process.execPath, ['-e', ${JSON.stringify(warning)}])`,
  };
  for (const [name, body] of Object.entries(bodies)) {
    const file = join(folder, `${name}.cjs`);
    writeFileSync(file, `console.log('TAP version 14'); console.log('1..0'); ${body}`);
    const report: Report = { lines: [], line: (line) => void report.lines.push(line) };
    t.equal(await runTests([file], { runtimes, jobs: 1 }, report), name === 'none', name);
    t.match(report.lines.at(-1), name === 'none' ? /^ok 1 / : /^not ok 1 .*process warnings/, name);
  }
});
