/** Durations as they are written in the file: `500ms`, `5s`, `2m`, `1h`, `1.5s`. Source: docs/configuration.md. */

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** For the JSON Schema; what it lets through, {@link parseDuration} understands. */
export const durationPattern = '^(0|[1-9][0-9]{0,8})([.][0-9]{1,3})?(ms|s|m|h)$';

export const allowedDurations = 'a duration such as 500ms, 5s, 1.5s, 2m or 1h';

const durationExpression = new RegExp(durationPattern);

/** @returns milliseconds; undefined where the text is not a duration */
export function parseDuration(text: string): number | undefined {
  const match = durationExpression.exec(text);
  if (match === null) return undefined;
  // Rounded to the microsecond: 1.1s is 1100 ms, not 1100.0000000000002.
  return Math.round(Number(`${match[1]}${match[2] ?? ''}`) * unitMs[match[3]!]! * 1000) / 1000;
}

/** The shortest usual form: 90000 becomes `90s`, 120000 `2m`, 1500 `1.5s`, 250 `250ms`. */
export function formatDuration(ms: number): string {
  if (ms >= 3_600_000 && ms % 3_600_000 === 0) return `${ms / 3_600_000}h`;
  if (ms >= 120_000 && ms % 60_000 === 0) return `${ms / 60_000}m`;
  if (ms < 1000 && ms > 0) return `${ms}ms`;
  return `${Math.round(ms) / 1000}s`;
}
