/** Names in a message: the first ones, and how many more there are. A file may have 100,000 listeners. */
const mostListed = 10;

/** `a, b, c`; `none` if there are none. Takes the same time for any number of names. */
export function listed(names: readonly string[] | ReadonlySet<string>): string {
  const count = 'size' in names ? names.size : names.length;
  const shown: string[] = [];
  for (const name of names) {
    if (shown.length === mostListed) break;
    shown.push(name);
  }
  if (count === 0) return 'none';
  return `${shown.join(', ')}${count === shown.length ? '' : ` and ${count - shown.length} more`}`;
}
