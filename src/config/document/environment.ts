/**
 * `${NAME}` and `${NAME:-default}` in values. Source: docs/configuration.md, "Environment variables".
 *
 * It works on single values after YAML was parsed: whatever a variable holds, it can never become a key, a list or
 * another line of the file.
 */

export type Environment = Readonly<Record<string, string | undefined>>;

export interface Substituted {
  readonly text: string;
  /** What could not be substituted, one message each. */
  readonly problems: readonly string[];
  /** What was taken from the environment: no message may contain it. */
  readonly taken: readonly string[];
}

/** Longer texts are refused: a file of 64 MiB can name a large variable millions of times. */
const longestText = 1024 * 1024;
/** Names that a message may contain; in others a secret that happens to hold `${` may be cut up. */
const usualName = /^[A-Z_][A-Z0-9_]{0,63}$|^[a-z_]{1,32}$/;

const reference = /\$\$\{|\$\{([^}]*)(\}?)/g;
const inner = /^([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?$/s;

/** Whether there is something to substitute. */
export function hasReference(text: string): boolean {
  return text.includes('${');
}

/**
 * As in a shell: `${NAME:-default}` takes the default where NAME is unset or empty. `$${` stands for `${` itself.
 * What a variable holds is not looked at again.
 */
export function substitute(text: string, env: Environment): Substituted {
  const problems = new Set<string>();
  const taken = new Set<string>();
  let length = text.length;
  const result = text.replace(reference, (_whole, content: string | undefined, end: string | undefined) => {
    if (content === undefined) return '${';
    const found = length > longestText ? '' : valueOf(content, end, env, problems);
    if (typeof found !== 'string') taken.add(found.value);
    const value = typeof found === 'string' ? found : found.value;
    length += value.length;
    return value;
  });
  if (length > longestText) problems.add(`longer than ${longestText} characters with its environment variables`);
  return { text: result, problems: [...problems], taken: [...taken] };
}

/** The text for one reference: of the environment (`value`), or a default of the file. */
function valueOf(content: string, end: string | undefined, env: Environment, problems: Set<string>): string | { readonly value: string } {
  const match = end === '' ? undefined : inner.exec(content);
  if (match === undefined) {
    problems.add('"${" without "}"; write $${ where "${" itself is meant');
    return '';
  }
  if (match === null) {
    problems.add('"${…}" does not name a variable; allowed: ${NAME} or ${NAME:-default}');
    return '';
  }
  const name = match[1]!;
  const value = Object.hasOwn(env, name) ? env[name] : undefined;
  const fallback = match[2];
  if (fallback !== undefined && (value === undefined || value === '')) return fallback;
  if (value !== undefined) return { value };
  problems.add(
    usualName.test(name)
      ? `the environment variable ${name} is not set; set it, or write \${${name}:-default}`
      : 'an environment variable that is named here is not set; set it, or write ${NAME:-default}',
  );
  return '';
}
