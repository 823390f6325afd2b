/** Times as people and the API see them. */
import type { TextWriter } from './text-writer.js';

const dayMs = 86_400_000;
let day = NaN;
let dayText = '';

/**
 * RFC 3339, UTC, with milliseconds.
 *
 * @param atMs wall-clock ms since the epoch
 */
export function rfc3339(atMs: number): string {
  return new Date(Math.floor(atMs)).toISOString();
}

/** Writes what {@link rfc3339} returns. The times in an answer fall into a few days: the date is made once for each run of them. */
export function addTime(text: TextWriter, atMs: number): void {
  const whole = Math.floor(atMs / dayMs);
  if (whole !== day) {
    dayText = new Date(whole * dayMs).toISOString().slice(0, -'00:00:00.000Z'.length);
    day = whole;
  }
  const ms = Math.floor(atMs - whole * dayMs);
  const seconds = (ms / 1000) | 0;
  const minutes = (seconds / 60) | 0;
  const hours = (minutes / 60) | 0;
  text.add(dayText);
  text.addDigits(hours, 2);
  text.add(':');
  text.addDigits(minutes - hours * 60, 2);
  text.add(':');
  text.addDigits(seconds - minutes * 60, 2);
  text.add('.');
  text.addDigits(ms - seconds * 1000, 3);
  text.add('Z');
}

/** A duration in seconds, rounded to the microsecond; null where there is none (NaN). */
export function seconds(ms: number): number | null {
  return Number.isFinite(ms) ? Math.round(ms * 1000) / 1_000_000 : null;
}

const millionth = 1_000_000;

/** Writes what {@link seconds} returns. */
export function addSeconds(text: TextWriter, ms: number): void {
  const micros = Math.round(ms * 1000);
  if (!(micros >= 0 && micros < 1000 * millionth)) {
    text.add(String(seconds(ms)));
    return;
  }
  const whole = Math.floor(micros / millionth);
  let fraction = micros - whole * millionth;
  text.addNumber(whole);
  if (fraction === 0) return;
  let digits = 6;
  for (; fraction % 10 === 0; fraction /= 10) digits--;
  text.add('.');
  text.addDigits(fraction, digits);
}

/** A duration in a query, as in the configuration file: `500ms`, `30s`, `2m`. */
export const durationPattern = '^[0-9]{1,9}(ms|s|m)$';

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000 };

/** @param text matches {@link durationPattern} */
export function durationMs(text: string): number {
  const unit = text.replace(/[0-9]/g, '');
  return parseInt(text, 10) * unitMs[unit]!;
}
