/** From facts to findings: asks the rules, puts what they say in order, and adds the texts of the table. */
import type { Reason } from '../../health/reasons.js';
import { findingTable } from '../finding-table.js';
import { remedyOf } from '../remedy.js';
import type { Certainty, Evidence, Finding, Report } from '../report.js';
import type { Facts } from './facts.js';
import type { Conclusion, Rule } from './step.js';
import type { Subject } from './subject.js';

export interface Rules {
  /** What makes a check fail. */
  readonly causes: readonly Rule[];
  /** What may mislead, whether the check fails or not (docs/semantics.md section 6). Their findings come last. */
  readonly traps: readonly Rule[];
}

type Verdict = Report['verdict'];

/** @returns the part of a report that the facts decide */
export function conclude(subject: Subject, facts: Facts, { causes, traps }: Rules): Pick<Report, 'verdict' | 'summary' | 'findings'> {
  const verdict = verdictOf(facts);
  const found = inOrder(causes.flatMap((rule) => rule(subject, facts)).map((conclusion) => inDoubt(conclusion, facts)));
  if (found.length === 0 && verdict !== 'healthy') found.push(unexplained(subject, facts));
  const known = new Set(found.map(({ code }) => code));
  const warnings = inOrder(traps.flatMap((rule) => rule(subject, facts))).filter(({ code }) => !known.has(code));
  const findings = [...found, ...warnings].map((conclusion) => finding(conclusion, subject, facts));
  return { verdict, findings, summary: findings[0]?.summary ?? 'Nothing is wrong: the check passes, and no trap is in sight.' };
}

/**
 * If this machine was too late for every check, it was late for everything else that was tried, too: silence was perhaps
 * an answer that was not read. So nothing but the checker itself is blamed with certainty.
 */
function inDoubt(conclusion: Conclusion, { check }: Facts): Conclusion {
  const outcomes = check?.outcomes ?? [];
  const isLate = outcomes.length > 0 && outcomes.every(({ kind }) => kind === 'indeterminate') && outcomes.some(wasLate);
  return isLate && findingTable[conclusion.code].at !== 'checker' ? { ...conclusion, certainty: 'possible' } : conclusion;
}

function wasLate({ reason }: { readonly reason: Reason }): boolean {
  return reason === 'checker_late';
}

/** By what most of the checks said that counted: single failures below the threshold do not make a backend unhealthy. */
function verdictOf({ check }: Facts): Verdict {
  const count = (kind: 'pass' | 'fail'): number => check?.outcomes.filter((outcome) => outcome.kind === kind).length ?? 0;
  const [passed, failed] = [count('pass'), count('fail')];
  if (passed + failed === 0) return 'unknown';
  return failed >= passed ? 'unhealthy' : 'healthy';
}

const order: readonly Certainty[] = ['certain', 'likely', 'possible'];

/** The surest first, then as the rules said them; of several with one code the surest, with the evidence of all. */
function inOrder(conclusions: readonly Conclusion[]): Conclusion[] {
  const merged = new Map<string, Conclusion>();
  const sorted = conclusions.toSorted((a, b) => order.indexOf(a.certainty) - order.indexOf(b.certainty));
  for (const conclusion of sorted) {
    const first = merged.get(conclusion.code);
    const evidence = first === undefined ? conclusion.evidence : [...first.evidence, ...conclusion.evidence];
    merged.set(conclusion.code, { ...(first ?? conclusion), evidence: [...new Set(evidence)] });
  }
  return [...merged.values()];
}

function unexplained(subject: Subject, facts: Facts): Conclusion {
  const outcome = facts.check?.outcomes.find(({ kind }) => kind !== 'pass');
  const how = outcome === undefined ? 'could not be made' : `ends with ${outcome.reason}`;
  return {
    code: 'unexplained',
    certainty: 'certain',
    summary: `The check of ${subject.address} ${how}, and nothing that was looked at explains it.`,
    evidence: allEvidence(facts),
  };
}

/** Everything that any step noted, in the order of time. */
function allEvidence(facts: Facts): Evidence[] {
  const found = new Set<Evidence>();
  collect(facts, found, 0);
  return [...found].sort((a, b) => a.at - b.at);
}

const deepest = 6;

function collect(value: unknown, into: Set<Evidence>, depth: number): void {
  if (typeof value !== 'object' || value === null || depth > deepest) return;
  if (isEvidence(value)) into.add(value);
  else for (const inner of Object.values(value)) collect(inner, into, depth + 1);
}

function isEvidence(value: object): value is Evidence {
  return 'sent' in value && 'got' in value && 'at' in value && typeof value.got === 'string';
}

function finding({ code, certainty, summary, evidence, yaml, advice }: Conclusion, subject: Subject, facts: Facts): Finding {
  const { path } = subject.check.options;
  const remedy = remedyOf(code, {
    port: subject.checkPort || subject.port,
    address: subject.address,
    source: subject.check.source ?? facts.network.route?.source,
    path: typeof path === 'string' ? path : undefined,
    scheme: subject.check.type === 'https' ? 'https' : 'http',
    protocol: subject.check.type === 'udp' ? 'udp' : 'tcp',
    checkType: subject.check.type,
  });
  const text = advice === undefined ? remedy.text : `${remedy.text} ${advice}`;
  return {
    code,
    certainty,
    at: findingTable[code].at,
    summary,
    evidence,
    remedy: { ...remedy, text, ...(yaml !== undefined && { yaml }) },
  };
}
