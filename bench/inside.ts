/** The first process of a measurement's namespaces (support/namespace.ts): runs one bench and hands over what came of it. */
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { BenchOptions } from './bench.js';
import { benches } from './benches.js';

// The first process of a namespace does not die of these by itself.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(1));

const [name, options] = process.argv.slice(2);
execFileSync('ip', ['link', 'set', 'lo', 'up']);
// A folder for temporary files that is gone with the namespaces, however they end.
const temporary = fileURLToPath(new URL('../bench-tmp', import.meta.url));
mkdirSync(temporary, { recursive: true });
execFileSync('mount', ['-t', 'tmpfs', 'vitald-bench', temporary]);
process.env['TMPDIR'] = temporary;
const bench = benches.find((candidate) => candidate.name === name)!;
const measurement = await bench.measure(JSON.parse(options!) as BenchOptions);
process.send!(measurement, () => process.exit(0));
