/**
 * Runs the whole suite many times, and writes down load, duration and result of each run: a suite that fails now and then
 * for no reason is of little use.
 *
 *   node scripts/steady.mjs --runs 6                   as it is
 *   node scripts/steady.mjs --runs 4 --busy 4          beside four busy loops
 *   node scripts/steady.mjs --runs 20 FILE…            only these compiled tests
 *
 * The table is at the end and, row by row, in build/steady/table.md; the whole output of run N is build/steady/N.log.
 * Exits with 1 if any run failed.
 */
import { spawn } from 'node:child_process';
import { createWriteStream, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { availableParallelism, loadavg } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';

const folder = 'build/steady';
const header = ['| run | busy loops | load at start, at end | duration | result |', '| --- | --- | --- | --- | --- |'];

function options() {
  const { values, positionals } = parseArgs({
    options: { runs: { type: 'string', default: '10' }, busy: { type: 'string', default: '0' } },
    allowPositionals: true,
  });
  const [runs, busy] = [Number(values.runs), Number(values.busy)];
  if (!Number.isInteger(runs) || runs < 1) throw new Error(`--runs "${values.runs}" is not a number of runs`);
  if (!Number.isInteger(busy) || busy < 0) throw new Error(`--busy "${values.busy}" is not a number of busy loops`);
  return { runs, busy, files: positionals };
}

/** One run. @returns its last count and whether it succeeded; a failure has the lines of what failed */
async function run(files, log) {
  const child = spawn(process.execPath, ['scripts/test.mjs', ...files], { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (text) => {
      output += text;
      log.write(text);
    });
  }
  const code = await new Promise((resolve) => child.on('close', resolve));
  log.end();
  const lines = output.split('\n');
  const counts = lines.findLast((line) => /^\d+ passed, \d+ failed/.test(line)) ?? 'no result';
  return { counts, isGood: code === 0, failed: lines.filter((line) => /^ *not ok/.test(line)) };
}

const shownLoad = () => loadavg()[0].toFixed(1);

async function main({ runs, busy, files }) {
  mkdirSync(folder, { recursive: true });
  // Results of before stay.
  const first = 1 + Math.max(0, ...readdirSync(folder).map((name) => Number(/^(\d+)\.log$/.exec(name)?.[1] ?? 0)));
  const rows = [];
  // Threads end with this process, whatever becomes of it; to the scheduler they are as processes.
  const loops = Array.from({ length: busy }, () => new Worker('for (;;);', { eval: true }));
  let allGood = true;
  for (let number = first; number < first + runs; number++) {
    const [loadBefore, startedAt] = [shownLoad(), performance.now()];
    const { counts, isGood, failed } = await run(files, createWriteStream(join(folder, `${number}.log`)));
    const seconds = Math.round((performance.now() - startedAt) / 1000);
    rows.push(`| ${number} | ${busy} | ${loadBefore}, ${shownLoad()} | ${seconds} s | ${isGood ? counts : `**${counts}**`} |`);
    console.log([rows.at(-1), ...failed].join('\n'));
    writeFileSync(join(folder, 'table.md'), `${rows.at(-1)}\n`, { flag: 'a' });
    allGood &&= isGood;
  }
  await Promise.all(loops.map((loop) => loop.terminate()));
  console.log(`\n${availableParallelism()} processors\n\n${[...header, ...rows].join('\n')}`);
  return allGood;
}

process.exitCode = (await main(options())) ? 0 : 1;
