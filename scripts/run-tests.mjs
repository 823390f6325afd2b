/**
 * Runs compiled tests, several files at a time, each in a process of its own. Without the runner of tap: its hooks cost
 * each file more processor time than most tests need.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { takeWarnings } from './process-warnings.mjs';
import { shortName } from './test-files.mjs';

/** Only used up by what hangs: a machine that is busy with other work makes everything ten times slower. */
const fileLimitMs = 600_000;

/** @typedef {{ program: string, options?: string, version?: string }} Runtime a Node.js; `version` for all but this one */

/** @type {Runtime} */
export const thisRuntime = { program: process.execPath };

/**
 * Runs one file to its end.
 *
 * @param {Runtime} runtime
 * @param {string} file
 * @param {string} warningsFile see process-warnings.mjs
 */
async function runFile({ program, options, version }, file, warningsFile) {
  const startedAt = performance.now();
  const env = {
    ...process.env,
    ...(options && { NODE_OPTIONS: options }),
    NODE_REDIRECT_WARNINGS: warningsFile,
    TAP_TIMEOUT: String(fileLimitMs / 1000),
  };
  const child = spawn(program, ['--enable-source-maps', file], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const timer = setTimeout(() => child.kill('SIGKILL'), fileLimitMs);
  const exited = new Promise((resolve) => child.on('close', (code, signal) => resolve(code === 0 ? undefined : (signal ?? code))));
  const [out, err, failure] = await Promise.all([text(child.stdout), text(child.stderr), exited]);
  clearTimeout(timer);
  // The first line is the version of TAP.
  const lines = out.trimEnd().split('\n').slice(1);
  const isDone = failure === undefined && lines.some((line) => /^1\.\.\d+/.test(line));
  const warnings = takeWarnings(warningsFile);
  const isGood = isDone && !warnings.some((warning) => warning.fails);
  const why = isGood ? '' : ` (${isDone ? 'process warnings' : (failure ?? 'without a report')})`;
  return {
    lines,
    err: [err, ...warnings.map((warning) => warning.text)].join('\n'),
    isGood,
    why,
    title: `${file}${onVersion(version)}${why} # time=${Math.round(performance.now() - startedAt)}ms`,
  };
}

/** @param {string | undefined} version */
const onVersion = (version) => (version === undefined ? '' : ` on Node.js ${version}`);

/** Shows nothing but what tests complain of. */
const silent = { started() {}, finished() {}, print: console.error };

/**
 * @param {readonly string[]} files
 * @param {{ runtimes?: readonly Runtime[], jobs: number }} how on which versions of Node.js, and how many files at a time
 * @param {import('./tap-report.mjs').TapReport} report
 * @param {Pick<import('./test-progress.mjs').TestProgress, 'started' | 'finished' | 'print'>} progress
 * @returns true where all is good
 */
export async function runTests(files, { runtimes = [thisRuntime], jobs }, report, progress = silent) {
  // By version: a test keeps its fixtures in a place of its own, but not of its version.
  const waiting = runtimes.flatMap((runtime) => files.map((file) => ({ runtime, file })));
  let [count, good] = [0, true];
  const folder = mkdtempSync(join(tmpdir(), 'vitald-warnings-'));
  let warningsFiles = 0;
  const work = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const { runtime, file } = next;
      const name = shortName(file) + onVersion(runtime.version);
      progress.started(name);
      const { lines, err, isGood, why, title } = await runFile(runtime, file, join(folder, String(++warningsFiles)));
      for (const line of lines) report.line(`    ${line}`);
      report.line(`${isGood ? 'ok' : 'not ok'} ${++count} - ${title}`);
      progress.finished(name, isGood, why);
      // What a test that is skipped misses, or what a program complained of.
      for (const line of err.split('\n')) if (line !== '') progress.print(line);
      good &&= isGood;
    }
  };
  await Promise.all(Array.from({ length: jobs }, work));
  rmSync(folder, { recursive: true, force: true });
  return good;
}
