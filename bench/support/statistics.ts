/** Sorted copy, ascending. */
const sorted = (values: readonly number[]): number[] => [...values].sort((a, b) => a - b);

/** NaN of nothing. */
export function median(values: readonly number[]): number {
  const all = sorted(values);
  const middle = all.length / 2;
  return all.length % 2 === 1 ? all[Math.floor(middle)]! : (all[middle - 1]! + all[middle]!) / 2;
}

/** The smallest value that at least this share of all values does not exceed. NaN of nothing. */
export function percentile(values: readonly number[], share: number): number {
  const all = sorted(values);
  return all.length === 0 ? NaN : all[Math.max(0, Math.ceil(share * all.length) - 1)]!;
}
