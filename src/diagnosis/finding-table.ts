/**
 * Every finding of `diagnose` and `doctor`: one table for their messages, their JSON and docs/troubleshooting.md, which
 * is generated from it. Source: docs/semantics.md sections 5 and 6. Its parts are in findings/.
 *
 * In texts and commands, `{port}`, `{address}`, `{source}` and `{path}` stand for those of the case: the checked port,
 * the backend’s address, the address or range that checks come from, the checked path. Words in capitals, such as
 * SERVICE, are for the reader to replace.
 */
import { backendFindings } from './findings/backend.js';
import { checkFindings } from './findings/check.js';
import { checkerFindings } from './findings/checker.js';
import type { FindingInfo } from './findings/finding.js';
import { networkFindings } from './findings/network.js';
import { findingVariants, type CheckProtocol } from './findings/variants.js';

export const findingTable = {
  ...backendFindings,
  ...networkFindings,
  ...checkFindings,
  ...checkerFindings,
} as const satisfies Readonly<Record<string, FindingInfo>>;

export type FindingCode = keyof typeof findingTable;

/** The finding in the words of one kind of check. @param type of the check; undefined: the words of the table */
export function findingInfo(code: FindingCode, type?: string): FindingInfo {
  const info: FindingInfo = findingTable[code];
  const words = findingVariants[code]?.[type as CheckProtocol];
  return words === undefined ? info : { ...info, ...words, remedy: { ...info.remedy, ...words.remedy } };
}
