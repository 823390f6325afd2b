/**
 * `npm test`: installs, builds, fetches the test tools, checks style and import rules, runs every test; where CI=true,
 * the unit tests on other versions of Node.js and the short form of the benchmark, too.
 * Ends with a line `N passed, N failed`.
 *
 *   node scripts/test.mjs [FILE…]     only these compiled tests, for example build/test/health/*.test.js
 */
import { spawnSync } from 'node:child_process';
import { createWriteStream, mkdirSync } from 'node:fs';
import { runTests } from './run-tests.mjs';
import { prepareRuntimes } from './runtimes.mjs';
import { TapReport } from './tap-report.mjs';
import { systemJobs, systemTests, unitJobs, unitTests } from './test-files.mjs';

const isCi = process.env.CI === 'true';

function step(name, command, args) {
  const { status } = spawnSync(command, args, { stdio: ['ignore', 'inherit', 'inherit'] });
  if (status === 0) return true;
  console.error(`not ok: ${name}`);
  return false;
}

/** @param preparing what {@link prepareRuntimes} returned; a version that cannot be had is a failure, not skipped */
async function runRuntimes(preparing, report) {
  try {
    return await runTests(unitTests(), { runtimes: await preparing, jobs: unitJobs }, report);
  } catch (error) {
    console.error(`not ok: ${error.message}`);
    report.failed++;
    return false;
  }
}

/** Each comparison is a line `ok` or `not ok`, and counts as one test. */
function runShortBenchmark(report) {
  const { status, stdout } = spawnSync(process.execPath, ['build/bench/main.js', 'short'], {
    stdio: ['ignore', 'pipe', 'inherit'],
    encoding: 'utf8',
  });
  process.stdout.write(stdout);
  const lines = stdout.split('\n').filter((line) => /^(not )?ok - /.test(line));
  for (const line of lines) report[/# SKIP/.test(line) ? 'skipped' : line.startsWith('ok') ? 'passed' : 'failed']++;
  // It ended before it could say which comparison failed.
  if (status !== 0 && !lines.some((line) => line.startsWith('not ok'))) report.failed++;
  return status === 0;
}

async function runAll(report) {
  // Mostly waits for the network; there is enough else to do.
  const runtimes = isCi ? prepareRuntimes() : undefined;
  runtimes?.catch(() => undefined);
  step('test tools', process.execPath, ['scripts/test-tools.mjs']);
  let good = step('style and import rules', 'npm', ['run', '--silent', 'lint']);
  report[good ? 'passed' : 'failed']++;
  good = (await runTests(unitTests(), { jobs: unitJobs }, report)) && good;
  good = (await runTests(systemTests(), { jobs: systemJobs }, report)) && good;
  if (runtimes !== undefined) good = (await runRuntimes(runtimes, report)) && good;
  // Last, when nothing else needs the processors.
  if (isCi) good = runShortBenchmark(report) && good;
  return good;
}

async function main(report) {
  if (!step('install and build', process.execPath, ['scripts/prepare.mjs', '.'])) return false;
  const chosen = process.argv.slice(2);
  return chosen.length > 0 ? runTests(chosen, { jobs: unitJobs }, report) : runAll(report);
}

mkdirSync('build', { recursive: true });
const report = new TapReport(createWriteStream('build/test-report.tap'));
const good = await main(report);
const { passed, skipped } = report;
const failed = report.failed === 0 && !good ? 1 : report.failed;
console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
process.exitCode = good ? 0 : 1;
