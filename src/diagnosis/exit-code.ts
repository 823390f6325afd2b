/** The exit code of `diagnose` and `doctor`. Source: docs/deployment.md, "Exit codes and errors". */
import type { FindingCode } from './finding-table.js';
import type { Report } from './report.js';

/** What is found when nothing could be looked at. */
const blind: readonly (FindingCode | undefined)[] = [undefined, 'unexplained', 'checker_cannot_send'];

/** @returns 0 nothing wrong, 1 a cause found, 3 this machine does not permit to look */
export function exitCodeOf({ verdict, findings }: Report): 0 | 1 | 3 {
  if (verdict === 'healthy') return 0;
  return verdict === 'unknown' && blind.includes(findings[0]?.code) ? 3 : 1;
}
