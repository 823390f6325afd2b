/** The lines of a check as they should be, in the form of the configuration file (docs/configuration.md). */
import { isIP } from 'node:net';
import { stringify } from 'yaml';
import type { StatusExpression } from '../../../health/expected-status.js';
import { validateHttpOptions } from '../../../probes/http/validate.js';
import type { Subject } from '../subject.js';
import { httpOptionsOf } from './requests.js';

/**
 * @param changes keys and values below `check`
 * @param comment follows the first line of them
 */
export function checkLines(changes: Readonly<Record<string, unknown>>, comment?: string): string {
  const [first, ...others] = stringify(literal(changes), { lineWidth: 0 }).trimEnd().split('\n');
  const commented = comment === undefined ? first! : `${first}   # ${comment}`;
  return ['check:', ...[commented, ...others].map((line) => `  ${line}`), ''].join('\n');
}

/** The status codes that count as healthy now, and these. */
export function expectedToo(subject: Subject, ...codes: readonly number[]): { expected_status: StatusExpression[] } {
  const { expected_status } = httpOptionsOf(subject);
  return { expected_status: [...(expected_status.length === 0 ? ['http_2xx'] : expected_status), ...codes] };
}

/** Whether a text that the backend gave can stand as `host` in the file. */
export function canBeHost(text: string): boolean {
  return text.length <= 255 && isIP(text) !== 6 && validateHttpOptions({ host: text }).length === 0;
}

/** Whether a text that the backend gave can stand as `path` in the file. */
export function canBePath(text: string): boolean {
  return text.length <= 2048 && /^\/[!-"$-~]*$/.test(text);
}

/** `${` would be taken for an environment variable. */
function literal(value: unknown): unknown {
  if (typeof value === 'string') return value.replaceAll('${', () => '$${');
  if (Array.isArray(value)) return value.map(literal);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, literal(item)]));
}
