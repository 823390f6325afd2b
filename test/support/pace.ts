/**
 * The pace at which tests run that hold short real times against each other, such as a timeout of 100 ms against an
 * answer after 300 ms: all of them are multiplied by it.
 */
import { Stopwatch } from './stopwatch.js';

const sampleMs = 100;
/** Products have limits of their own, which do not grow. */
const slowestPace = 5;

/** @returns 1 on an idle machine, more on one that is busy with other work; a whole number */
export async function machinePace(): Promise<number> {
  const watch = await Stopwatch.start();
  await new Promise((resolve) => setTimeout(resolve, sampleMs));
  return Math.min(Math.round(watch.slowdown), slowestPace);
}
