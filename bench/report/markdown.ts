/** Tables in Markdown, padded so that they can be read as text too. */

export interface Column {
  readonly title: string;
  readonly align?: 'right';
}

export function markdownTable(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const widths = columns.map(({ title }, place) => Math.max(3, title.length, ...rows.map((row) => row[place]!.length)));
  const pad = (text: string, place: number): string =>
    columns[place]!.align === 'right' ? text.padStart(widths[place]!) : text.padEnd(widths[place]!);
  const line = (cells: readonly string[]): string => `| ${cells.map(pad).join(' | ')} |`;
  const rule = columns.map(({ align }, place) =>
    align === 'right' ? `${'-'.repeat(widths[place]! + 1)}:` : '-'.repeat(widths[place]! + 2),
  );
  return `${[line(columns.map(({ title }) => title)), `|${rule.join('|')}|`, ...rows.map(line)].join('\n')}\n`;
}

/** Three significant digits, thousands with commas. */
export function figure(value: number | null): string {
  if (value === null) return 'beyond measure';
  const rounded = Number(value.toPrecision(3));
  if (Math.abs(value) >= 1000) return Math.round(value).toLocaleString('en-US');
  const digits = Math.abs(rounded) >= 100 || Number.isInteger(value) ? 0 : Math.abs(rounded) >= 10 ? 1 : 2;
  return rounded.toFixed(digits);
}
