/** `npm run bench`: every measurement that a claim of this project rests on. Usage: docs/testing.md. */
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { benches, type Bench, type BenchOptions } from './benches.js';
import { profileOf } from './profile.js';
import { benchmarksDocument } from './report/document.js';
import type { Measurement } from './report/measurement.js';
import { documentFile, loadResult, saveResult } from './report/results.js';
import { tablesOf } from './report/tables.js';
import { short } from './short.js';
import { gitRevision, machine, versions } from './support/machine.js';
import { measureIsolated } from './support/namespace.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seconds: { type: 'string' },
    rounds: { type: 'string' },
    backends: { type: 'string' },
    only: { type: 'string' },
    /** Keep the results, as the run of everything does. */
    save: { type: 'boolean', default: false },
    /** Of `report`: only say whether the document is up to date. */
    check: { type: 'boolean', default: false },
    /** Of `profile`: a profile made earlier, how many probes a second it shows, and the name to keep it by. */
    from: { type: 'string' },
    'probes-per-second': { type: 'string' },
    as: { type: 'string' },
  },
});

const command = ['npm run bench', ...(process.argv.length > 2 ? ['--', ...process.argv.slice(2)] : [])].join(' ');

/** The profile of the state that the present one is held against. */
const profileBefore = 'profile-before';

function options(): BenchOptions {
  const { seconds, rounds, backends, only } = values;
  return {
    ...(seconds !== undefined && { seconds: Number(seconds) }),
    ...(rounds !== undefined && { rounds: Number(rounds) }),
    ...(backends !== undefined && { backends: Number(backends) }),
    ...(only !== undefined && { only }),
  };
}

function save(name: string, measurement: Measurement): void {
  const date = new Date().toISOString();
  saveResult(name, { date, revision: gitRevision(), command, machine: machine(), versions: versions(), measurement });
}

async function runBenches(chosen: readonly Bench[], keep: boolean): Promise<void> {
  for (const { name, title } of chosen) {
    const measurement = await measureIsolated(name, options());
    console.log(`\n## ${title}\n\n${tablesOf(measurement)}`);
    if (keep) save(name, measurement);
  }
  if (keep) writeFileSync(documentFile, documentText());
}

function documentText(): string {
  const before = { title: 'Profile of the engine before this was looked at', result: loadResult(profileBefore) };
  const sections = benches.map(({ name, title }) => ({ title, result: loadResult(name) }));
  return benchmarksDocument([...sections, before]);
}

function report(): void {
  if (!values.check) writeFileSync(documentFile, documentText());
  else if (readFileSync(documentFile, 'utf8') !== documentText()) {
    console.error('docs/benchmarks.md is not what bench/results/ says: run npm run bench -- report');
    process.exitCode = 1;
  }
}

async function main(): Promise<void> {
  const [first] = positionals;
  if (first === 'report') report();
  else if (first === 'short') process.exitCode = (await short()) ? 0 : 1;
  else if (first === 'profile' && values.from !== undefined) {
    const measurement = profileOf(readFileSync(values.from, 'utf8'), Number(values['probes-per-second']));
    console.log(tablesOf(measurement));
    if (values.as !== undefined) save(values.as, measurement);
  } else if (first === undefined) await runBenches(benches, true);
  else {
    const unknown = positionals.filter((word) => !benches.some(({ name, group }) => word === name || word === group));
    if (unknown.length > 0) {
      const known = new Set(['report', 'short', ...benches.flatMap(({ name, group }) => [group, name])]);
      console.error(`there is no measurement ${unknown.join(', ')}; known: ${[...known].join(', ')}`);
      process.exitCode = 2;
      return;
    }
    await runBenches(
      benches.filter(({ name, group }) => positionals.includes(name) || positionals.includes(group)),
      values.save,
    );
  }
}

await main();
