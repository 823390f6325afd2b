/** The same plain data with every text in it replaced; names of members stay. */
export function mapTexts<T>(data: T, replace: (text: string) => string): T {
  return map(data, replace) as T;
}

function map(value: unknown, replace: (text: string) => string): unknown {
  if (typeof value === 'string') return replace(value);
  if (Array.isArray(value)) return value.map((item) => map(item, replace));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, map(item, replace)]));
}
