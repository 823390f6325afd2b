/**
 * `npm test`: installs, builds, fetches the test tools, checks style and import rules, runs every test; where CI=true,
 * the short form of the benchmark too.
 * Ends with a line `N passed, N failed`.
 *
 *   node scripts/test.mjs [FILE…]     only these compiled tests, for example build/test/health/*.test.js
 */
import { spawn, spawnSync } from 'node:child_process';
import { createWriteStream, mkdirSync } from 'node:fs';
import { createInterface } from 'node:readline';

const reportFile = 'build/test-report.tap';
/** Unit tests keep the processors busy; tests of real networks and processes mostly wait, so more of them run at a time. */
const groups = [
  { name: 'unit', files: ['build/test/!(lab|e2e)/**/*.test.js'], jobs: 2 },
  { name: 'lab and end to end', files: ['build/test/{lab,e2e}/**/*.test.js'], jobs: 3 },
];

const totals = { passed: 0, failed: 0, skipped: 0 };

function step(name, command, args) {
  const { status } = spawnSync(command, args, { stdio: ['ignore', 'inherit', 'inherit'] });
  if (status === 0) return true;
  console.error(`not ok: ${name}`);
  return false;
}

/** Counts tests (not assertions): lines that end a test carry its time. Shows each file, and all of what failed. */
function readReport(stream, report) {
  let failing = false;
  const lines = createInterface({ input: stream });
  lines.on('line', (line) => {
    report.write(`${line}\n`);
    const [, indent, result, title] = /^( *)(ok|not ok) \d+ - (.*)$/.exec(line) ?? [];
    if (result === undefined) {
      if (failing) console.log(line);
      return;
    }
    failing = result === 'not ok' && !/# (TODO|SKIP)/i.test(title);
    if (indent === '' || failing) console.log(line);
    if (/# SKIP/i.test(title)) totals.skipped++;
    else if (/# time=/.test(title) && indent !== '') totals[failing ? 'failed' : 'passed']++;
    else if (failing && indent === '') totals.brokenFiles = (totals.brokenFiles ?? 0) + 1;
  });
  return new Promise((resolve) => lines.on('close', resolve));
}

async function runTap(files, jobs, report) {
  const args = ['node_modules/tap/dist/esm/run.mjs', '--reporter=tap', `--jobs=${jobs}`, ...files];
  const tap = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = new Promise((resolve) => tap.on('exit', resolve));
  await readReport(tap.stdout, report);
  return (await exited) === 0;
}

/** Each comparison is a line `ok` or `not ok`, and counts as one test. */
function runShortBenchmark() {
  const { status, stdout } = spawnSync(process.execPath, ['build/bench/main.js', 'short'], {
    stdio: ['ignore', 'pipe', 'inherit'],
    encoding: 'utf8',
  });
  process.stdout.write(stdout);
  const lines = stdout.split('\n').filter((line) => /^(not )?ok - /.test(line));
  for (const line of lines) totals[/# SKIP/.test(line) ? 'skipped' : line.startsWith('ok') ? 'passed' : 'failed']++;
  // It ended before it could say which comparison failed.
  if (status !== 0 && !lines.some((line) => line.startsWith('not ok'))) totals.failed++;
  return status === 0;
}

async function main() {
  if (!step('install and build', process.execPath, ['scripts/prepare.mjs', '.'])) return false;
  const chosen = process.argv.slice(2);
  let good = true;
  if (chosen.length === 0) {
    step('test tools', process.execPath, ['scripts/test-tools.mjs']);
    good = step('style and import rules', 'npm', ['run', '--silent', 'lint']);
    totals[good ? 'passed' : 'failed']++;
  }
  mkdirSync('build', { recursive: true });
  const report = createWriteStream(reportFile);
  for (const { files, jobs } of chosen.length > 0 ? [{ files: chosen, jobs: 2 }] : groups)
    good = (await runTap(files, jobs, report)) && good;
  report.end();
  // Last, when nothing else needs the processors.
  if (chosen.length === 0 && process.env.CI === 'true') good = runShortBenchmark() && good;
  return good;
}

const good = await main();
if (!good && totals.failed === 0) totals.failed = totals.brokenFiles ?? 1;
console.log(`${totals.passed} passed, ${totals.failed} failed${totals.skipped > 0 ? `, ${totals.skipped} skipped` : ''}`);
process.exitCode = good ? 0 : 1;
