/**
 * Runs the unit tests on the other versions of Node.js (runtimes.mjs). npm test does the same where CI=true.
 *
 *   npm run test:runtimes                     all unit tests, on all versions
 *   node scripts/test-runtimes.mjs FILE…      only these compiled tests
 */
import { spawnSync } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { runTests } from './run-tests.mjs';
import { prepareRuntimes } from './runtimes.mjs';
import { TapReport } from './tap-report.mjs';
import { unitJobs, unitTests } from './test-files.mjs';

async function main(files) {
  const { status } = spawnSync(process.execPath, ['scripts/prepare.mjs', '.'], { stdio: ['ignore', 'inherit', 'inherit'] });
  if (status !== 0) return false;
  const report = new TapReport(createWriteStream('build/runtimes-report.tap'));
  const runtimes = await prepareRuntimes();
  const good = await runTests(files.length > 0 ? files : unitTests(), { runtimes, jobs: unitJobs }, report);
  console.log(`${report.passed} passed, ${report.failed} failed, ${report.skipped} skipped`);
  return good;
}

const good = await main(process.argv.slice(2)).catch((error) => console.error(`not ok: ${error.message}`));
process.exitCode = good === true ? 0 : 1;
