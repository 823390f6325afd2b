/** Long work in pieces: the API and other outputs share this thread. */
import { setImmediate } from 'node:timers/promises';

/** Without a pause. */
const sliceMs = 2;
/** To look at the clock for each item would cost more than most items. */
const itemsBetweenLooks = 64;

/** Does something with each item; after some milliseconds the thread turns to whatever else there is. */
export async function forEachInSlices<T>(items: Iterable<T>, visit: (item: T) => void): Promise<void> {
  let until = performance.now() + sliceMs;
  let count = 0;
  for (const item of items) {
    visit(item);
    if (++count % itemsBetweenLooks !== 0 || performance.now() < until) continue;
    await setImmediate();
    until = performance.now() + sliceMs;
  }
}
