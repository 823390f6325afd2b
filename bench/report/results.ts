/** Results as files: one for each measurement, so that one can be made again without the others. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Machine } from '../support/machine.js';
import type { Measurement } from './measurement.js';

export interface Result {
  /** When it ended, RFC 3339 UTC. */
  readonly date: string;
  /** The commit that was measured. */
  readonly revision: string;
  readonly command: string;
  readonly machine: Machine;
  readonly versions: Readonly<Record<string, string>>;
  readonly measurement: Measurement;
}

/** Compiled, this file is build/bench/report/results.js. */
const root = new URL('../../../', import.meta.url);

export const documentFile = fileURLToPath(new URL('docs/benchmarks.md', root));

const resultFile = (name: string): string => fileURLToPath(new URL(`bench/results/${name}.json`, root));

export function saveResult(name: string, result: Result): void {
  writeFileSync(resultFile(name), `${JSON.stringify(result, rounded, 2)}\n`);
}

/** Undefined where it was never measured. */
export function loadResult(name: string): Result | undefined {
  const file = resultFile(name);
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Result) : undefined;
}

/** More digits than a measurement has would only make differences hard to read. */
function rounded(_key: string, value: unknown): unknown {
  return typeof value === 'number' ? Number(value.toPrecision(6)) : value;
}
