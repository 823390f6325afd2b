/**
 * `${NAME}` and `${NAME:-default}` in values. Source: interface.md "Configuration".
 *
 * It works on single values after YAML was parsed: whatever a variable holds, it can never become a key, a list or
 * another line of the file.
 */

export type Environment = Readonly<Record<string, string | undefined>>;

export interface Substituted {
  readonly text: string;
  /** What could not be substituted, one message each. */
  readonly problems: readonly string[];
}

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
  const problems: string[] = [];
  const result = text.replace(reference, (whole, content: string | undefined, end: string | undefined) => {
    if (content === undefined) return '${';
    if (end === '') {
      problems.push('"${" without "}"; write $${ where "${" itself is meant');
      return '';
    }
    const match = inner.exec(content);
    if (match === null) {
      problems.push(`${JSON.stringify(whole.slice(0, 60))} does not name a variable; allowed: \${NAME} or \${NAME:-default}`);
      return '';
    }
    const name = match[1]!;
    const value = Object.hasOwn(env, name) ? env[name] : undefined;
    const fallback = match[2];
    if (fallback !== undefined) return value === undefined || value === '' ? fallback : value;
    if (value === undefined) problems.push(`the environment variable ${name} is not set; set it, or write \${${name}:-default}`);
    return value ?? '';
  });
  return { text: result, problems };
}
