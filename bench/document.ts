/** docs/benchmarks.md: the results that are kept, in the order of the measurements. */
import { benches } from './benches.js';
import { benchmarksDocument, type Section } from './report/document.js';
import { loadResult } from './report/results.js';

/** The profile of the state that the present one is held against. */
export const profileBefore = 'profile-before';

/** Every section, measured or not. */
export function sections(): Section[] {
  const measured = benches.map(({ name, title }) => ({ title, result: loadResult(name) }));
  return [...measured, { title: 'The same profile, before', result: loadResult(profileBefore) }];
}

export function documentText(): string {
  return benchmarksDocument(sections());
}
