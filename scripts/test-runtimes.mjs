/**
 * Runs the unit tests on the other versions of Node.js (runtimes.mjs). npm test does the same where CI=true.
 *
 *   npm run test:runtimes                     all unit tests, on all versions
 *   npm run test:runtimes -- health           only these tests; names as for `npm test`
 */
import { spawnSync } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { runTests } from './run-tests.mjs';
import { prepareRuntimes } from './runtimes.mjs';
import { TapReport } from './tap-report.mjs';
import { selectTests, unitJobs, unitTests } from './test-files.mjs';
import { TestProgress } from './test-progress.mjs';

async function main(args) {
  const { files, unknown } = selectTests(args);
  if (unknown.length > 0) throw new Error(`no test matches: ${unknown.join(', ')}`);
  const tests = files.length > 0 ? files : unitTests();
  const { status } = spawnSync(process.execPath, ['scripts/prepare.mjs', '.'], { stdio: ['ignore', 'inherit', 'inherit'] });
  if (status !== 0) return false;
  const runtimes = await prepareRuntimes();
  const progress = new TestProgress(tests.length * runtimes.length);
  const report = new TapReport(createWriteStream('build/runtimes-report.tap'), (line) => progress.print(line));
  const good = await runTests(tests, { runtimes, jobs: unitJobs }, report, progress);
  progress.end();
  console.log(`${report.passed} passed, ${report.failed} failed, ${report.skipped} skipped`);
  return good;
}

const good = await main(process.argv.slice(2)).catch((error) => console.error(`not ok: ${error.message}`));
process.exitCode = good === true ? 0 : 1;
