/**
 * Which HTTP status codes count as healthy. Source: docs/semantics.md item 12; cases in test/conformance/expected_status.json.
 */

/** One entry of `expected_status`: a code, a range `200-204`, or a class `http_2xx`. */
export type StatusExpression = number | string;

/** Says whether a status code is accepted; `text` is how people read it. */
export interface ExpectedStatus {
  accepts(status: number): boolean;
  readonly text: string;
}

export const allowedStatusForms = 'http_1xx … http_5xx, a code from 100 to 599, or a range such as 200-204';

/**
 * @param expressions an empty list means `http_2xx`
 * @throws RangeError naming the first entry that is not one of {@link allowedStatusForms}
 */
export function expectedStatus(expressions: readonly StatusExpression[]): ExpectedStatus {
  const list = expressions.length === 0 ? ['http_2xx'] : expressions;
  const accepted = new Uint8Array(600);
  for (const expression of list) {
    const range = statusRange(expression);
    if (range === undefined) throw new RangeError(`${JSON.stringify(expression)} is not ${allowedStatusForms}`);
    accepted.fill(1, range.from, range.to + 1);
  }
  return { accepts: (status) => accepted[status] === 1, text: list.join(', ') };
}

/** The codes that one entry stands for, both ends included; undefined where it is not a valid entry. */
export function statusRange(expression: StatusExpression): { from: number; to: number } | undefined {
  const text = String(expression);
  const className = /^http_([1-5])xx$/.exec(text);
  if (className) {
    const from = Number(className[1]) * 100;
    return { from, to: from + 99 };
  }
  const codes = /^(\d{3})(?:-(\d{3}))?$/.exec(text);
  if (!codes) return undefined;
  const from = Number(codes[1]);
  const to = Number(codes[2] ?? codes[1]);
  return from >= 100 && to <= 599 && from <= to ? { from, to } : undefined;
}
