/** Waiting for what will be, instead of sleeping for as long as it usually takes. */
import { contention } from './processor-time.js';

export interface Patience {
  /**
   * How long to wait at most, ms; generous, since it is only used up by what is broken. A machine that is busy with
   * other work gets as many times longer as this process has to wait for a processor.
   */
  readonly withinMs?: number;
  /** Time between two looks, ms. */
  readonly everyMs?: number;
}

/** What is broken should be reported before the runner ends the whole file. */
const mostContention = 5;

/**
 * Looks again and again until there is something to see.
 *
 * @param what for the message, as in `gave up waiting for …`
 * @param look undefined or false: not yet
 * @throws Error after the given time, with what was seen or thrown last
 */
export async function eventually<T>(
  what: string,
  look: () => T | undefined | false | Promise<T | undefined | false>,
  { withinMs = 30_000, everyMs = 20 }: Patience = {},
): Promise<T> {
  const startedAt = performance.now();
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    const waitedMs = performance.now() - startedAt;
    if (waitedMs > withinMs && waitedMs > withinMs * Math.min(contention(), mostContention))
      throw new Error(`gave up waiting for ${what} after ${Math.round(waitedMs / 1000)} s`);
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}
