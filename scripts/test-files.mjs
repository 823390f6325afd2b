/** Test files, named by their compiled form below build/test. */
import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, relative, sep } from 'node:path';

const sources = 'test';
const compiled = 'build/test';

/** Number of files that run at the same time: unit tests keep the processors busy, tests of networks and programs mostly wait. */
export const unitJobs = availableParallelism();
export const systemJobs = 3;

/**
 * Tests that need root, network namespaces or other programs.
 *
 * @param {string} file a compiled test
 */
export const isSystemTest = (file) => /^build\/test\/(lab|e2e)\//.test(file);

/** Lists all tests. It reads the sources, so that it works before a build. */
export function allTests() {
  return readdirSync(sources, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.test.ts'))
    .map((file) => `${compiled}/${file.replaceAll(sep, '/').replace(/\.ts$/, '.js')}`)
    .sort();
}

/** Tests that need nothing but Node.js. */
export const unitTests = () => allTests().filter((file) => !isSystemTest(file));

/**
 * Name of a test without its folder and suffix, for people: `health/thresholds`.
 *
 * @param {string} file a compiled test
 */
export const shortName = (file) => file.replace(/^build\/test\//, '').replace(/\.test\.js$/, '');

/**
 * Finds the tests that an argument on the command line selects.
 *
 * @param {string} argument a test (`test/health/thresholds.test.ts`, or its compiled form), a folder (`test/health`), or a part of
 *   either (`health`, `thresholds`)
 * @returns {string[]} compiled tests; empty if the argument matches none
 */
export function matchingTests(argument) {
  const path = relative('.', argument).replaceAll(sep, '/');
  const tests = allTests();
  // A path matches exactly, so that `test/status` does not select `test/front/api/status.test.ts`.
  if (/^(build\/)?test(\/|$)/.test(path)) {
    const wanted = join(compiled, path.replace(/^(build\/)?test\/?/, '').replace(/\.ts$/, '.js')).replaceAll(sep, '/');
    const found = tests.filter((file) => file === wanted || file.startsWith(`${wanted.replace(/\/$/, '')}/`));
    if (found.length > 0) return found;
  }
  const word = path.replace(/^(build\/)?test\//, '').replace(/(\.test)?(\.[jt]s)?$/, '');
  return word === '' ? [] : tests.filter((file) => shortName(file).includes(word));
}

/**
 * Selects tests by arguments, without duplicates, in the order of {@link allTests}.
 *
 * @param {readonly string[]} args see {@link matchingTests}
 * @returns {{ files: string[], unknown: string[] }} the tests, and the arguments that match none
 */
export function selectTests(args) {
  const unknown = args.filter((argument) => matchingTests(argument).length === 0);
  return { files: [...new Set(args.flatMap(matchingTests))].sort(), unknown };
}
