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
  return hiderOf(secretHeadersOf(options));
}

/**
 * Hides the secrets of an output in texts: what another system answers, or what the runtime says of a failure, may hold
 * the URL or the token that was used.
 *
 * @param secrets keys of the options that are secret
 * @returns the function that does it to a text; undefined where there is nothing to hide
 */
export function outputSecretsHider(
  options: Readonly<Record<string, unknown>>,
  secrets: readonly string[],
): ((text: string) => string) | undefined {
  const values = secrets.flatMap((key) => textsIn(options[key]));
  return hiderOf([...values, ...values.flatMap(partsOfUrl), ...secretHeadersOf(options)]);
}

/** @returns a function that replaces these texts in others; undefined if there is nothing to replace */
export function hiderOf(values: readonly string[]): ((text: string) => string) | undefined {
  const secrets = formsOf(values);
  return secrets.length === 0 ? undefined : (text) => secrets.reduce(hide, text);
}

function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : [];
}

/** What is secret in a URL even without the rest of it: password, query, and path, where chat services have their tokens. */
function partsOfUrl(text: string): string[] {
  if (!URL.canParse(text)) return [];
  const { password, search, searchParams, pathname } = new URL(text);
  return [password, decodeURIComponent(password), search, ...searchParams.values(), pathname];
}

function secretHeadersOf(options: Readonly<Record<string, unknown>>): string[] {
  return (headersOf(options) ?? []).filter(([name]) => secretHeader.test(name)).map(([, value]) => String(value));
}

/** All forms in which they may be met, longest first. */
function formsOf(values: readonly string[]): string[] {
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
