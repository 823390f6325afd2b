/**
 * Process warnings of a test file and of every program that it starts: Node.js appends them to the file that
 * NODE_REDIRECT_WARNINGS names, a variable that children inherit.
 *
 * Every warning fails the test file, with two exceptions that depend on the version of Node.js and not on what the
 * program did at runtime: an ExperimentalWarning, and a DeprecationWarning whose code is not in `deprecatedLeaks`. Those
 * are printed only.
 */
import { readFileSync, rmSync } from 'node:fs';

/** Deprecations that Node.js reports because something was leaked: DEP0137, a file handle closed by garbage collection. */
const deprecatedLeaks = ['DEP0137'];

/**
 * Splits what Node.js wrote into warnings.
 *
 * @param {string} text
 * @returns {{ text: string, fails: boolean }[]}
 */
export function parseWarnings(text) {
  return text
    .split(/^(?=\(node:\d+)/m)
    .filter((one) => one.trim() !== '')
    .map((one) => ({ text: one.trim(), fails: fails(one) }));
}

/** @param {string} warning */
function fails(warning) {
  const [, code, name] = /^\(node:[^)]*\) (?:\[(\w+)\] )?(\w+)/.exec(warning) ?? [];
  if (name === 'ExperimentalWarning') return false;
  return name !== 'DeprecationWarning' || deprecatedLeaks.includes(code ?? '');
}

/**
 * Reads and removes the file that warnings were written to.
 *
 * @param {string} file
 */
export function takeWarnings(file) {
  try {
    return parseWarnings(readFileSync(file, 'utf8'));
  } catch {
    // There was none.
    return [];
  } finally {
    rmSync(file, { force: true });
  }
}
