/** Which tests `npm test -- NAME…` runs (scripts/test.mjs). */
import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import t from 'tap';

interface TestFiles {
  readonly selectTests: (args: readonly string[]) => { readonly files: string[]; readonly unknown: string[] };
  readonly unitTests: () => string[];
}

const { selectTests, unitTests } = (await import(pathToFileURL(resolve('scripts/test-files.mjs')).href)) as TestFiles;

/** Sources of the selected tests. */
const selected = (...args: string[]) => selectTests(args).files.map((file) => file.replace(/^build\//, '').replace(/\.js$/, '.ts'));

const thresholds = 'test/health/thresholds.test.ts';

t.test('a test is found by its source, by its compiled form, and by its absolute path', (t) => {
  for (const name of [thresholds, `./${thresholds}`, 'build/test/health/thresholds.test.js', `${process.cwd()}/${thresholds}`]) {
    t.strictSame(selected(name), [thresholds], name);
  }
  t.end();
});

t.test('a word selects every test with the word in its path', (t) => {
  const files = selected('status');
  t.ok(files.includes('test/health/expected-status.test.ts'), 'in the name of the file');
  t.ok(
    files.some((file) => file.startsWith('test/status/')),
    'in the name of the folder',
  );
  t.strictSame(
    files.filter((file) => !file.includes('status')),
    [],
  );
  t.end();
});

t.test('a folder selects what is in it, not what has its name elsewhere', (t) => {
  for (const name of ['test/diagnosis', 'test/diagnosis/']) {
    const files = selected(name);
    t.ok(files.length > 1, name);
    t.strictSame(
      files.filter((file) => !file.startsWith('test/diagnosis/')),
      [],
      name,
    );
  }
  t.end();
});

t.test('a test that two names select runs once', (t) => {
  t.strictSame(selected(thresholds, 'health/thresholds'), [thresholds]);
  t.end();
});

t.test('unit tests are all but those of networks and programs', (t) => {
  const files = unitTests();
  t.ok(files.includes('build/test/health/thresholds.test.js'));
  t.notOk(files.some((file) => /^build\/test\/(lab|e2e)\//.test(file)));
  t.end();
});

t.test('a name that matches no test is an error with exit code 2, before anything is built', (t) => {
  t.strictSame(selectTests(['health', 'no-such-test', '']).unknown, ['no-such-test', '']);
  const cases: [string[], RegExp][] = [
    [['health', 'no-such-test'], /^npm test: no test matches no-such-test;/],
    [['--unit', 'test/lab'], /^npm test: no unit test matches test\/lab$/m],
    [['--no-such-option'], /^npm test: Unknown option '--no-such-option'/],
  ];
  for (const [args, message] of cases) {
    const { status, stdout, stderr } = spawnSync(process.execPath, ['scripts/test.mjs', ...args], { encoding: 'utf8' });
    t.equal(status, 2, args.join(' '));
    t.match(stderr, message);
    t.notMatch(stderr, /^ +at /m, 'not a stack trace');
    t.equal(stdout, '');
  }
  t.end();
});
