/**
 * Why is this backend unhealthy? Asked on the backend itself. Reads files and runs programs that list things; changes
 * nothing. Everything here runs from one file on a machine that has only Node.js: see scripts/bundle-doctor.mjs.
 * Source: docs/semantics.md sections 5 and 6.
 */
import { messageOf } from '../../message-of.js';
import { findingTable } from '../finding-table.js';
import { remedyOf } from '../remedy.js';
import type { Finding, LeftOut, Report, StepReport } from '../report.js';
import { caseOf } from './case.js';
import type { Case, DoctorFacts, Look, LookContext } from './facts.js';
import { looks } from './looks/index.js';
import type { Machine } from './machine.js';
import { questionOf, type DoctorOptions } from './options.js';
import { doctorRules } from './rules/index.js';
import type { DoctorConclusion } from './rules/rule.js';
import { summaryOf, verdictOf } from './verdict.js';

const sureness = { certain: 0, likely: 1, possible: 2 } as const;

/** What no backend can see of itself. */
const beyondThisMachine: LeftOut = {
  name: 'security groups, and firewalls between the checker and this machine',
  why: 'they cannot be seen from here; vitald diagnose tells, on the checker',
};

/** @throws DoctorUsageError where the options are wrong; whatever else goes wrong is said in the report */
export async function doctor(options: DoctorOptions, machine: Machine): Promise<Report> {
  const question = questionOf(options);
  const asked = caseOf(question, machine);
  const facts: DoctorFacts = {};
  const leftOut: LeftOut[] = [];
  const context: LookContext = {
    case: asked,
    machine,
    facts,
    leaveOut: (name, why) => void leftOut.push({ name, why: why || 'not known' }),
  };
  const steps: StepReport[] = [];
  for (const look of looks) steps.push(...(await stepOf(look, context)));
  const conclusions = conclude(asked, facts);
  return {
    target: { address: question.address ?? asked.targets[0]?.address ?? 'localhost', port: question.port, type: question.protocol },
    verdict: verdictOf(asked, facts, conclusions),
    summary: summaryOf(asked, facts, conclusions),
    findings: conclusions.map((conclusion) => findingOf(conclusion, asked)),
    steps,
    leftOut: [...leftOut, beyondThisMachine],
  };
}

/** A look that fails is left out; the others go on. */
async function stepOf(look: Look, context: LookContext): Promise<StepReport[]> {
  const startedAt = performance.now();
  try {
    const result = await look.run(context);
    return [{ name: look.name, result, tookMs: performance.now() - startedAt }];
  } catch (error) {
    context.leaveOut(look.name, messageOf(error));
    return [];
  }
}

/** The true cause first. */
function conclude(asked: Case, facts: DoctorFacts): DoctorConclusion[] {
  const all = doctorRules.flatMap((rule) => rule(asked, facts));
  const isExplained = all.some(({ stops }) => stops);
  // What this check does not depend on is no cause where there is another.
  const weighed = all.map((one): DoctorConclusion => (isExplained && !one.stops ? { ...one, certainty: 'possible' } : one));
  const rank = ({ stops, certainty }: DoctorConclusion): number => sureness[certainty] + (stops ? 0 : 0.5);
  return weighed.sort((a, b) => rank(a) - rank(b));
}

function findingOf({ code, certainty, summary, evidence, advice }: DoctorConclusion, { question, targets }: Case): Finding {
  const address = question.address ?? targets[0]?.address;
  const remedy = remedyOf(code, {
    port: question.port,
    address,
    source: question.from?.text,
    protocol: question.protocol,
    saidByDoctor: true,
  });
  const text = advice === undefined ? remedy.text : `${advice} ${remedy.text}`;
  return { code, certainty, at: findingTable[code].at, summary, evidence, remedy: { ...remedy, text } };
}
