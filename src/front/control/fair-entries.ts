/**
 * Keeps the newest entries up to a size, and shares that size between callers: what is over is taken from the caller that
 * has the most. So a caller with few rights pushes out what it did itself, not what others changed.
 */

/**
 * @param entries oldest first
 * @param most size of what is kept
 * @param caller of an entry
 * @param size of an entry; default: 1
 * @returns what is kept, oldest first
 */
export function fairNewest<T>(
  entries: readonly T[],
  most: number,
  caller: (entry: T) => string,
  size: (entry: T) => number = () => 1,
): T[] {
  const sizes = new Map<string, number>();
  for (const entry of entries) sizes.set(caller(entry), (sizes.get(caller(entry)) ?? 0) + size(entry));
  const share = fairShare([...sizes.values()], most);
  const used = new Map<string, number>();
  const kept = entries.toReversed().filter((entry) => {
    const name = caller(entry);
    const total = (used.get(name) ?? 0) + size(entry);
    used.set(name, total);
    return total <= share;
  });
  return kept.reverse();
}

/** The most that each may have so that all together have `most`: what some do not use, the others share. */
function fairShare(sizes: readonly number[], most: number): number {
  const ascending = [...sizes].sort((a, b) => a - b);
  let left = most;
  for (const [index, size] of ascending.entries()) {
    const share = left / (ascending.length - index);
    if (size > share) return share;
    left -= size;
  }
  return Infinity;
}
