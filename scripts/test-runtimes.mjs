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

/** @param {readonly string[]} tests compiled tests */
async function main(tests) {
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

const { files, unknown } = selectTests(process.argv.slice(2));
if (unknown.length > 0) {
  console.error(`npm run test:runtimes: no test matches ${unknown.join(', ')}`);
  process.exit(2);
}
const good = await main(files.length > 0 ? files : unitTests()).catch((error) => console.error(`not ok: ${error.message}`));
process.exitCode = good === true ? 0 : 1;
