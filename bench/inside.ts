/** The first process of a measurement's namespaces (support/namespace.ts): runs one bench and hands over what came of it. */
import { execFileSync } from 'node:child_process';
import { benches, type BenchOptions } from './benches.js';

// The first process of a namespace does not die of these by itself.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(1));

const [name, options] = process.argv.slice(2);
execFileSync('ip', ['link', 'set', 'lo', 'up']);
const bench = benches.find((candidate) => candidate.name === name)!;
const measurement = await bench.measure(JSON.parse(options!) as BenchOptions);
process.send!(measurement, () => process.exit(0));
