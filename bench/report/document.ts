/** docs/benchmarks.md, from the results that are kept and nothing else. */
import type { Machine } from '../support/machine.js';
import type { Result } from './results.js';
import { tablesOf } from './tables.js';

export interface Section {
  /** Heading. */
  readonly title: string;
  /** Undefined where it was never measured. */
  readonly result: Result | undefined;
}

const introduction = `# Benchmarks

Written by \`npm run bench\` from \`bench/results/\`. No figure is typed in by hand: \`npm run bench -- report\` writes this page
anew, and a test holds it against the results.

- Processor time is user and system time of the whole process, all threads, as the kernel counts it.
- Checks are counted by the kernel or the backend, not by the program's own word. Rounds in which a program made less than 90 % of the
  checks that it was asked for do not count.
- Programs whose processor time is compared run one after the other, on the same targets at the same rate, in several rounds. Absolute figures move with
  the machine; the ratio of a round less so. Where the time to find a fault is compared, they run side by side.
- Everything runs in a network namespace of its own, and shares the processors with the backends and clients of the measurement.

How to run it: docs/testing.md.
`;

/** @returns the whole document */
export function benchmarksDocument(sections: readonly Section[]): string {
  return [introduction, ...sections.map(sectionText)].join('\n');
}

function sectionText({ title, result }: Section): string {
  if (result === undefined) return `## ${title}\n\nNot measured yet.\n`;
  const { date, revision, command, machine, versions, measurement } = result;
  const programs = Object.entries(versions)
    .map(([name, version]) => `${name} ${version}`)
    .join(', ');
  const made = `Measured ${date.slice(0, 10)} at commit ${revision} by \`${command}\`: ${machineText(machine)}; ${programs}.`;
  return `## ${title}\n\n${made}\n\n${tablesOf(measurement)}`;
}

function machineText({ cpu, cores, memoryGb, kernel }: Machine): string {
  return `${cpu}, ${cores} cores, ${memoryGb} GiB, ${kernel}`;
}
