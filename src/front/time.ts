/** Times as people and the API see them. */

let second = NaN;
let secondText = '';

/**
 * RFC 3339, UTC, with milliseconds. Most calls in an answer fall into the same few seconds, so the last one is kept.
 *
 * @param atMs wall-clock ms since the epoch
 */
export function rfc3339(atMs: number): string {
  const whole = Math.floor(atMs / 1000);
  if (whole !== second) {
    secondText = new Date(whole * 1000).toISOString().slice(0, -'000Z'.length);
    second = whole;
  }
  return `${secondText}${String(Math.floor(atMs - whole * 1000)).padStart(3, '0')}Z`;
}

/** A duration in seconds, rounded to the microsecond; null where there is none (NaN). */
export function seconds(ms: number): number | null {
  return Number.isFinite(ms) ? Math.round(ms * 1000) / 1_000_000 : null;
}

/** A duration in a query, as in the configuration file: `500ms`, `30s`, `2m`. */
export const durationPattern = '^[0-9]{1,9}(ms|s|m)$';

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000 };

/** @param text matches {@link durationPattern} */
export function durationMs(text: string): number {
  const unit = text.replace(/[0-9]/g, '');
  return parseInt(text, 10) * unitMs[unit]!;
}
