/** Waiting for what will be, instead of sleeping for as long as it usually takes. */

export interface Patience {
  /** How long to wait at most, ms; generous, since it is only used up by what is broken. */
  readonly withinMs?: number;
  /** Time between two looks, ms. */
  readonly everyMs?: number;
}

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
  const giveUpAt = performance.now() + withinMs;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (performance.now() > giveUpAt) throw new Error(`gave up waiting for ${what} after ${withinMs / 1000} s`);
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}
