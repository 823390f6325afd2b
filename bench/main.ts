/** `npm run bench`: every measurement that a claim of this project rests on. Usage: docs/testing.md. */
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { Bench, BenchOptions } from './bench.js';
import { benches } from './benches.js';
import { documentText, profileBefore } from './document.js';
import { profileOf } from './profile.js';
import { documentFile, saveResult } from './report/results.js';
import { tablesOf } from './report/tables.js';
import { short } from './short.js';
import { allVersions, gitRevision, machine, runtimeVersion } from './support/machine.js';
import { measureIsolated } from './support/namespace.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seconds: { type: 'string' },
    minutes: { type: 'string' },
    rounds: { type: 'string' },
    backends: { type: 'string' },
    'interval-ms': { type: 'string' },
    only: { type: 'string' },
    /** Keep the results and write the document, as the run of everything does. */
    save: { type: 'boolean', default: false },
    /** Of `before`: what the profile shows. */
    'probes-per-second': { type: 'string' },
    revision: { type: 'string' },
  },
});

/** Commands that are not measurements. */
const others: Readonly<Record<string, (args: readonly string[]) => Promise<void> | void>> = {
  report: () => writeFileSync(documentFile, documentText()),
  short: async () => void (process.exitCode = (await short()) ? 0 : 1),
  before: ([file]) => keepProfileBefore(file!),
};

function options(): BenchOptions {
  const { seconds, minutes, rounds, backends, 'interval-ms': intervalMs, only } = values;
  return {
    ...(seconds !== undefined && { seconds: Number(seconds) }),
    ...(minutes !== undefined && { minutes: Number(minutes) }),
    ...(rounds !== undefined && { rounds: Number(rounds) }),
    ...(backends !== undefined && { backends: Number(backends) }),
    ...(intervalMs !== undefined && { intervalMs: Number(intervalMs) }),
    ...(only !== undefined && { only }),
  };
}

/** A measurement that fails keeps none of the others back; its last result stays. */
async function runBenches(chosen: readonly Bench[], keep: boolean): Promise<void> {
  for (const bench of chosen) {
    try {
      await runBench(bench, keep);
    } catch (error) {
      console.error(error instanceof Error ? error.message : error);
      process.exitCode = 1;
    }
  }
}

async function runBench({ name, title, group }: Bench, keep: boolean): Promise<void> {
  const measurement = await measureIsolated(name, options());
  console.log(`\n## ${title}\n\n${tablesOf(measurement)}`);
  if (!keep) return;
  const versions = group === 'peers' || group === 'shortage' ? allVersions() : runtimeVersion();
  saveResult(name, {
    date: new Date().toISOString(),
    revision: gitRevision(),
    command: command(),
    machine: machine(),
    versions,
    measurement,
  });
  writeFileSync(documentFile, documentText());
}

const command = (): string => ['npm run bench', ...(process.argv.length > 2 ? ['--', ...process.argv.slice(2)] : [])].join(' ');

/** Keeps a raw profile of an earlier state, made on this machine. */
function keepProfileBefore(file: string): void {
  const measurement = profileOf(readFileSync(file, 'utf8'), Number(values['probes-per-second']));
  const date = statSync(file).mtime.toISOString();
  const made = { date, revision: values.revision ?? 'unknown', command: 'node --cpu-prof dist/main.js run' };
  saveResult(profileBefore, { ...made, machine: machine(), versions: runtimeVersion(), measurement });
}

async function main(): Promise<void> {
  const [first, ...rest] = positionals;
  // The soak lasts an hour: only by its name.
  if (first === undefined)
    return runBenches(
      benches.filter(({ group }) => group !== 'soak'),
      true,
    );
  const other = others[first];
  if (other !== undefined) return other(rest);
  const unknown = positionals.filter((word) => !benches.some(({ name, group }) => word === name || word === group));
  if (unknown.length === 0) {
    return runBenches(
      benches.filter(({ name, group }) => positionals.includes(name) || positionals.includes(group)),
      values.save,
    );
  }
  const known = new Set([...benches.flatMap(({ name, group }) => [group, name]), ...Object.keys(others)]);
  console.error(`there is no measurement ${unknown.join(', ')}; known: ${[...known].join(', ')}`);
  process.exitCode = 2;
}

await main();
