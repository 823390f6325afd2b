/** Whether a daemon stops as it promises: within five seconds of the signal (docs/deployment.md). */
import type { Test } from 'tap';
import type { Ended } from './child.js';
import { Stopwatch } from './stopwatch.js';

const stopWithinMs = 5000;

/** Stops it and checks how long that took. A machine that is busy with other work gets longer. */
export async function stopsInTime(t: Test, daemon: { stop(): Promise<Ended> }): Promise<Ended & { readonly tookMs: number }> {
  const watch = await Stopwatch.start();
  const ended = await daemon.stop();
  t.ok(watch.stop().isWithin(stopWithinMs), `stopped after ${String(watch)}`);
  return { ...ended, tookMs: watch.elapsedMs };
}
