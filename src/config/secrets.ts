/** Keeps secrets out of what is shown: logs, API, `check --print`. */

const secretHeader = /auth|cookie|token|secret|key|passw|session|credential/i;

/** The same options of a check, with the values of headers hidden whose names speak of secrets. */
export function withoutSecrets(options: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const { headers } = options;
  if (typeof headers !== 'object' || headers === null) return options;
  const shown = Object.entries(headers).map(([name, value]) => [name, secretHeader.test(name) ? '[redacted]' : (value as unknown)]);
  return { ...options, headers: Object.fromEntries(shown) as Record<string, unknown> };
}
