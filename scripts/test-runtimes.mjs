/**
 * Runs the unit tests on the other versions of Node.js (runtimes.mjs). npm test does this where CI=true.
 *
 *   npm run test:runtimes                     all unit tests, on all versions
 *   node scripts/test-runtimes.mjs FILE…      only these compiled tests
 *
 * Files run directly, without the runner of tap, which costs a second for each.
 */
import { spawn, spawnSync } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { availableParallelism } from 'node:os';
import { text } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';
import { prepareRuntimes } from './runtimes.mjs';
import { TapReport } from './tap-report.mjs';
import { unitTests } from './test-files.mjs';

/** As in .taprc. */
const fileLimitMs = 600_000;

/** Runs one file. @returns its report, below a line for the file */
async function runFile({ version, program, options }, file) {
  const startedAt = performance.now();
  const env = { ...process.env, NODE_OPTIONS: options, TAP_TIMEOUT: String(fileLimitMs / 1000) };
  const child = spawn(program, ['--enable-source-maps', file], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const timer = setTimeout(() => child.kill('SIGKILL'), fileLimitMs);
  const exited = new Promise((resolve) => child.on('close', (code, signal) => resolve(code === 0 ? undefined : (signal ?? code))));
  const [out, err, failure] = await Promise.all([text(child.stdout), text(child.stderr), exited]);
  clearTimeout(timer);
  const lines = out.trimEnd().split('\n').slice(1);
  const hasEnded = lines.some((line) => /^1\.\.\d+/.test(line));
  const isGood = failure === undefined && hasEnded;
  const title = `${file} on Node.js ${version}${isGood ? '' : ` (${failure ?? 'without a report'})`} # time=${performance.now() - startedAt}ms`;
  return { lines: lines.map((line) => `    ${line}`), title, isGood, complaints: isGood ? [] : err.trimEnd().split('\n') };
}

/**
 * Runs tests on each of the versions, several at a time.
 *
 * @param report a TapReport
 * @returns true where all is good
 */
export async function runOnRuntimes(runtimes, files, report) {
  const waiting = runtimes.flatMap((runtime) => files.map((file) => [runtime, file]));
  let [count, good] = [0, true];
  const work = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const { lines, title, isGood, complaints } = await runFile(...next);
      for (const line of lines) report.line(line);
      report.line(`${isGood ? 'ok' : 'not ok'} ${++count} - ${title}`);
      for (const line of complaints) report.line(`# ${line}`);
      good &&= isGood;
    }
  };
  // Tests wait now and then, for timers and for other processes.
  await Promise.all(Array.from({ length: availableParallelism() + 1 }, work));
  return good;
}

async function main(files) {
  const { status } = spawnSync(process.execPath, ['scripts/prepare.mjs', '.'], { stdio: ['ignore', 'inherit', 'inherit'] });
  if (status !== 0) return false;
  const report = new TapReport(createWriteStream('build/runtimes-report.tap'));
  const good = await runOnRuntimes(await prepareRuntimes(), files.length > 0 ? files : unitTests(), report);
  console.log(`${report.passed} passed, ${report.failed} failed, ${report.skipped} skipped`);
  return good;
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const good = await main(process.argv.slice(2)).catch((error) => console.error(`not ok: ${error.message}`));
  process.exitCode = good === true ? 0 : 1;
}
