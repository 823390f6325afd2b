/**
 * `npm test`: installs, builds, fetches the test tools, checks style and import rules, runs every test; where CI=true,
 * the unit tests on other versions of Node.js and the short form of the benchmark, too.
 * Ends with a line `N passed, N failed`.
 *
 *   npm test                                       everything
 *   npm test -- test/health/thresholds.test.ts     one test (its compiled form is good, too)
 *   npm test -- health status                      every test with one of these words in its path
 *   npm test -- --unit                             only tests that need nothing but Node.js
 *   npm test -- --list health                      print the files, and run nothing
 *
 * Exit code: 0 if everything passed, 1 if something failed, 2 for an unknown option or a name that matches no test.
 */
import { spawnSync } from 'node:child_process';
import { createWriteStream, mkdirSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { runTests } from './run-tests.mjs';
import { prepareRuntimes, runtimeCount } from './runtimes.mjs';
import { TapReport } from './tap-report.mjs';
import { allTests, isSystemTest, selectTests, systemJobs, unitJobs, unitTests } from './test-files.mjs';
import { TestProgress } from './test-progress.mjs';

const isCi = process.env.CI === 'true';

/** @returns {{ isUnit: boolean, isList: boolean, names: string[] }} what to run; ends the process for what cannot be read */
function readArguments() {
  try {
    const { values, positionals } = parseArgs({
      options: { unit: { type: 'boolean', default: false }, list: { type: 'boolean', default: false } },
      allowPositionals: true,
    });
    return { isUnit: values.unit, isList: values.list, names: positionals };
  } catch (error) {
    return fail(error.message);
  }
}

/**
 * @param {string} message
 * @returns {never}
 */
function fail(message) {
  console.error(`npm test: ${message}`);
  process.exit(2);
}

/** Tests to run, for which everything else is left out; undefined to run everything. */
function chosenTests({ isUnit, names }) {
  const { files, unknown } = selectTests(names);
  if (unknown.length > 0) {
    fail(`no test matches ${unknown.join(', ')}; give a file below test/, or a part of its path (\`npm test -- --list\` prints all)`);
  }
  if (names.length === 0) return isUnit ? unitTests() : undefined;
  const wanted = isUnit ? files.filter((file) => !isSystemTest(file)) : files;
  return wanted.length > 0 ? wanted : fail(`no unit test matches ${names.join(', ')}`);
}

function step(name, command, args) {
  console.log(`# ${name}`);
  const { status } = spawnSync(command, args, { stdio: ['ignore', 'inherit', 'inherit'] });
  if (status === 0) return true;
  console.error(`not ok: ${name}`);
  return false;
}

/** @param preparing what {@link prepareRuntimes} returned; a version that cannot be had is a failure, not skipped */
async function runRuntimes(preparing, report, progress) {
  try {
    return await runTests(unitTests(), { runtimes: await preparing, jobs: unitJobs }, report, progress);
  } catch (error) {
    console.error(`not ok: ${error.message}`);
    report.failed++;
    return false;
  }
}

/** @param {string} line `ok …` or `not ok …` */
function resultOf(line) {
  if (line.includes('# SKIP')) return 'skipped';
  return line.startsWith('ok') ? 'passed' : 'failed';
}

/** Each comparison is a line `ok` or `not ok`, and counts as one test. */
function runShortBenchmark(report) {
  const { status, stdout } = spawnSync(process.execPath, ['build/bench/main.js', 'short'], {
    stdio: ['ignore', 'pipe', 'inherit'],
    encoding: 'utf8',
  });
  process.stdout.write(stdout);
  const lines = stdout.split('\n').filter((line) => /^(not )?ok - /.test(line));
  for (const line of lines) report[resultOf(line)]++;
  // It ended before it could say which comparison failed.
  if (status !== 0 && !lines.some((line) => line.startsWith('not ok'))) report.failed++;
  return status === 0;
}

/** Runs compiled tests on this version of Node.js. */
async function runHere(files, report, progress) {
  const [unit, system] = [files.filter((file) => !isSystemTest(file)), files.filter(isSystemTest)];
  const isUnitGood = await runTests(unit, { jobs: unitJobs }, report, progress);
  return (await runTests(system, { jobs: systemJobs }, report, progress)) && isUnitGood;
}

async function runAll(report, progress) {
  // Mostly waits for the network; there is enough else to do.
  const runtimes = isCi ? prepareRuntimes() : undefined;
  runtimes?.catch(() => undefined);
  step('test tools', process.execPath, ['scripts/test-tools.mjs']);
  let good = step('style and import rules', 'npm', ['run', '--silent', 'lint']);
  report[good ? 'passed' : 'failed']++;
  good = (await runHere(allTests(), report, progress)) && good;
  if (runtimes !== undefined) good = (await runRuntimes(runtimes, report, progress)) && good;
  progress.end();
  // Last, when nothing else needs the processors.
  if (isCi) good = runShortBenchmark(report) && good;
  return good;
}

/** @param {readonly string[] | undefined} chosen undefined for everything */
async function main(chosen, report, progress) {
  if (!step('install and build', process.execPath, ['scripts/prepare.mjs', '.'])) return false;
  if (chosen === undefined) return runAll(report, progress);
  const good = await runHere(chosen, report, progress);
  progress.end();
  return good;
}

const options = readArguments();
const chosen = chosenTests(options);
if (options.isList) {
  console.log((chosen ?? allTests()).map((file) => file.replace(/^build\//, '').replace(/\.js$/, '.ts')).join('\n'));
  process.exit(0);
}
mkdirSync('build', { recursive: true });
const fileCount = chosen?.length ?? allTests().length + (isCi ? unitTests().length * runtimeCount() : 0);
const progress = new TestProgress(fileCount);
const report = new TapReport(createWriteStream('build/test-report.tap'), (line) => progress.print(line));
const good = await main(chosen, report, progress);
const { passed, skipped } = report;
const failed = report.failed === 0 && !good ? 1 : report.failed;
console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
process.exitCode = good ? 0 : 1;
