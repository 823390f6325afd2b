/** Keeps secrets out of what is shown: logs, API, `check --print`, diagnoses. */

const secretName = /auth|cookie|token|secret|key|passw|pwd|session|credential|sig|code/i;
/** Headers whose values are never secret. Of all others only the name is shown: no list of secret headers can be complete. */
const harmlessHeaders = new Set([
  'accept',
  'accept-charset',
  'accept-encoding',
  'accept-language',
  'cache-control',
  'content-type',
  'forwarded',
  'from',
  'if-modified-since',
  'if-none-match',
  'max-forwards',
  'origin',
  'pragma',
  'range',
  'te',
  'upgrade',
  'upgrade-insecure-requests',
  'user-agent',
  'via',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-port',
  'x-forwarded-proto',
  'x-real-ip',
]);
/** Shorter texts are in every sentence by chance. */
const shortestSecret = 4;
/** The same of values whose names do not suggest a secret: many of them are plain words. */
const shortestPossibleSecret = 10;
const shown = '[redacted]';

/**
 * The options of a check, with what may be secret hidden: values in the query of the path, and values of headers that are
 * not known to be harmless. Names are kept.
 */
export function withoutSecrets(options: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const headers = headersOf(options)?.map(([name, value]) => [name, isHarmless(name) ? value : shown]);
  const { path } = options;
  return {
    ...options,
    ...(typeof path === 'string' && { path: withoutValues(path) }),
    ...(headers !== undefined && { headers: Object.fromEntries(headers) as Record<string, unknown> }),
  };
}

/** A path with query: `/health;v=1?token=abc&full` becomes `/health;v=[redacted]?token=[redacted]&[redacted]`. */
export function withoutValues(target: string): string {
  const mark = target.indexOf('?');
  const [path, query] = mark === -1 ? [target, ''] : [target.slice(0, mark), target.slice(mark + 1)];
  const shownPath = path.replace(/(;[^=;/]*=)[^;/]+/g, `$1${shown}`);
  return mark === -1 ? shownPath : `${shownPath}?${query.split('&').map(withoutValue).join('&')}`;
}

function withoutValue(parameter: string): string {
  const [name = '', ...rest] = parameter.split('=');
  if (rest.length === 0) return parameter === '' ? '' : shown;
  return rest.join('=') === '' ? parameter : `${name}=${shown}`;
}

function isHarmless(header: string): boolean {
  return harmlessHeaders.has(header.toLowerCase());
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
  return Object.fromEntries(
    Object.entries(options).map(([key, value]) => [key, secrets.includes(key) ? hidden(value) : withoutUrlSecrets(value)]),
  );
}

/** Links and addresses that are no secret as such: without user, password and values in the query. */
function withoutUrlSecrets(value: unknown): unknown {
  if (typeof value !== 'string' || !/^[a-z][a-z0-9+.-]*:\/\//i.test(value)) return value;
  return withoutValues(value.replace(/^([^/]*\/\/)[^/?#]*@/, `$1${shown}@`));
}

function hidden(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(hidden);
  if (typeof value !== 'object' || value === null) return typeof value === 'boolean' ? value : shown;
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
  const { path } = options;
  const hide = hiderOf([...secretHeadersOf(options), ...secretsInTarget(path)]);
  const target = typeof path === 'string' ? hiderOfTarget(path) : undefined;
  if (hide === undefined || target === undefined) return hide ?? target;
  return (text) => hide(target(text));
}

/** Hides a path with query where it stands as a whole, however short its values are. */
function hiderOfTarget(path: string): ((text: string) => string) | undefined {
  const safe = withoutValues(path);
  if (safe === path) return undefined;
  // As remedies quote it, and as it stands in quoted texts.
  const forms = new Set([path, path.replaceAll("'", '%27').replaceAll('"', '%22'), JSON.stringify(path).slice(1, -1)]);
  return (text) => [...forms].reduce((hidden, form) => hidden.replaceAll(form, safe), text);
}

/** Values in a path with query, as they are written and decoded. */
function secretsInTarget(path: unknown): string[] {
  if (typeof path !== 'string') return [];
  const parameters = path.split(/[?&;]/).slice(1);
  return parameters.flatMap((parameter) => {
    const mark = parameter.indexOf('=');
    const [name, value] = mark === -1 ? ['', parameter] : [parameter.slice(0, mark), parameter.slice(mark + 1)];
    return [value, decoded(value)].filter((text) => isLongEnough(name, text));
  });
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return text;
  }
}

function isLongEnough(name: string, value: string): boolean {
  return value.length >= (secretName.test(name) ? shortestSecret : shortestPossibleSecret);
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
  const headers = (headersOf(options) ?? []).map(([name, value]) => [name, String(value)] as const);
  return headers.filter(([name, value]) => !isHarmless(name) && isLongEnough(name, value)).map(([, value]) => value);
}

/** All forms in which they may be met, longest first. */
function formsOf(values: readonly string[]): string[] {
  const parts = values.flatMap((value) => [value, value.replace(/^\w+\s+/, '')]);
  // As they stand in quoted texts, too.
  const written = parts.flatMap((part) => [part, JSON.stringify(part).slice(1, -1)]);
  return [...new Set(written)].filter((text) => text.length >= shortestSecret).sort((a, b) => b.length - a.length);
}

function hide(text: string, secret: string): string {
  let hidden = text.replaceAll(secret, shown);
  for (let length = secret.length - 1; length >= shortestSecret && hidden.includes('…'); length--) {
    hidden = hidden.replaceAll(`${secret.slice(0, length)}…`, `${shown}…`);
  }
  return hidden;
}

function headersOf({ headers }: Readonly<Record<string, unknown>>): [string, unknown][] | undefined {
  return typeof headers === 'object' && headers !== null ? Object.entries(headers) : undefined;
}
