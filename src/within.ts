/** A wait with a limit. */
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Waits for something, but not longer than the limit. A rejection counts as done.
 *
 * @returns true if it settled in time
 */
export async function within(settling: Promise<unknown>, limitMs: number): Promise<boolean> {
  const limit = new AbortController();
  const settled = settling.then(
    () => true,
    () => true,
  );
  const tooLate = sleep(limitMs, false, { signal: limit.signal }).catch(() => false);
  try {
    return await Promise.race([settled, tooLate]);
  } finally {
    limit.abort();
  }
}
