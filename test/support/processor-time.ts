/**
 * How long the threads of this process ran, and how long they waited for a processor: the kernel's own account
 * (Documentation/scheduler/sched-stats.rst, "/proc/<pid>/schedstat").
 */
import { readdirSync, readFileSync } from 'node:fs';

/** By the number of the thread. */
export type ProcessorTimes = ReadonlyMap<string, { readonly ranNs: number; readonly waitedNs: number }>;

/** @returns nothing on systems that keep no such account */
export function processorTimes(): ProcessorTimes {
  const times = new Map<string, { ranNs: number; waitedNs: number }>();
  try {
    for (const thread of readdirSync('/proc/self/task')) {
      const [ranNs = 0, waitedNs = 0] = readFileSync(`/proc/self/task/${thread}/schedstat`, 'utf8').split(' ').map(Number);
      times.set(thread, { ranNs, waitedNs });
    }
  } catch {
    // Another system, or a thread that ended between the two calls.
  }
  return times;
}

const none: ProcessorTimes = new Map();

/**
 * How many times longer than on an idle machine the work of this process took: 1 where it never waited.
 *
 * @param before left out: since the process started
 */
export function contention(before: ProcessorTimes = none, after: ProcessorTimes = processorTimes()): number {
  let [ranNs, waitedNs] = [0, 0];
  for (const [thread, now] of after) {
    const then = before.get(thread);
    ranNs += now.ranNs - (then?.ranNs ?? 0);
    waitedNs += now.waitedNs - (then?.waitedNs ?? 0);
  }
  return ranNs > 0 ? (ranNs + waitedNs) / ranNs : 1;
}
