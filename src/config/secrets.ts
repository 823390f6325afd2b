/** Keeps secrets out of what is shown: logs, API, `check --print`, diagnoses. */

const secretHeader = /auth|cookie|token|secret|key|passw|session|credential/i;
/** Shorter texts are in every sentence by chance. */
const shortestSecret = 4;

/** The same options of a check, with the values of headers hidden whose names speak of secrets. */
export function withoutSecrets(options: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const headers = headersOf(options);
  if (headers === undefined) return options;
  const shown = headers.map(([name, value]) => [name, secretHeader.test(name) ? '[redacted]' : value]);
  return { ...options, headers: Object.fromEntries(shown) as Record<string, unknown> };
}

/**
 * The options of an output, with what is secret hidden.
 *
 * @param secrets keys whose texts and numbers are never shown, however deep they lie
 */
export function withoutOutputSecrets(
  options: Readonly<Record<string, unknown>>,
  secrets: readonly string[],
): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(options).map(([key, value]) => [key, secrets.includes(key) ? hidden(value) : value]));
}

function hidden(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(hidden);
  if (typeof value !== 'object' || value === null) return typeof value === 'boolean' ? value : '[redacted]';
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, hidden(inner)]));
}

/**
 * Hides the same values in texts that come from elsewhere: a backend may send back what it was sent. Parts of them are
 * hidden too: what follows `Bearer`, and what is left where a text was cut by `…`.
 *
 * @param options of the check whose secrets they are
 * @returns the function that does it to a text; undefined where there is nothing to hide
 */
export function secretsHider(options: Readonly<Record<string, unknown>>): ((text: string) => string) | undefined {
  const secrets = secretsIn(options);
  return secrets.length === 0 ? undefined : (text) => secrets.reduce(hide, text);
}

/** Longest first. */
function secretsIn(options: Readonly<Record<string, unknown>>): string[] {
  const values = (headersOf(options) ?? []).filter(([name]) => secretHeader.test(name)).map(([, value]) => String(value));
  const parts = values.flatMap((value) => [value, value.replace(/^\w+\s+/, '')]);
  // As they stand in quoted texts, too.
  const written = parts.flatMap((part) => [part, JSON.stringify(part).slice(1, -1)]);
  return [...new Set(written)].filter((text) => text.length >= shortestSecret).sort((a, b) => b.length - a.length);
}

function hide(text: string, secret: string): string {
  let shown = text.replaceAll(secret, '[redacted]');
  for (let length = secret.length - 1; length >= shortestSecret && shown.includes('…'); length--) {
    shown = shown.replaceAll(`${secret.slice(0, length)}…`, '[redacted]…');
  }
  return shown;
}

function headersOf({ headers }: Readonly<Record<string, unknown>>): [string, unknown][] | undefined {
  return typeof headers === 'object' && headers !== null ? Object.entries(headers) : undefined;
}
