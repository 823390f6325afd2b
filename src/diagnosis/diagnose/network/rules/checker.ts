/** Faults of this machine: they say nothing of the backend. */
import type { Reason } from '../../../../health/reasons.js';
import type { Conclusion, Rule } from '../../step.js';
import { checked, evidenceOf, isFailing, lacksSource, mainAnswer } from './views.js';

export const checkerRule: Rule = (subject, facts) => {
  if (!isFailing(facts)) return [];
  const { network, check } = facts;
  const { sourceIsHere } = network;
  if (lacksSource(facts)) {
    const what = subject.check.source === undefined ? `interface ${String(subject.check.interface)}` : subject.check.source;
    const summary = `The check is to leave from ${what}, which this machine does not have.`;
    return [{ code: 'checker_source_missing', certainty: 'certain', summary, evidence: evidenceOf(sourceIsHere) }];
  }
  const main = mainAnswer(subject, network);
  if (main?.forbiddenHere === true) {
    const summary = `This machine’s own firewall does not let packets to ${checked(subject)} out.`;
    return [{ code: 'checker_cannot_send', certainty: 'certain', summary, evidence: evidenceOf(main) }];
  }
  const outcomes = check?.outcomes ?? [];
  const first = outcomes[0];
  if (first === undefined || outcomes.some(({ kind }) => kind !== 'indeterminate')) return [];
  const evidence = check?.evidence ?? [];
  const detail = first.detail === '' ? first.reason : first.detail;
  return [{ ...conclusionOf(first.reason, detail), evidence }];
};

function conclusionOf(reason: Reason, detail: string): Pick<Conclusion, 'code' | 'certainty' | 'summary'> {
  switch (reason) {
    case 'checker_late':
      return { code: 'checker_overloaded', certainty: 'likely', summary: `This machine was too busy to make the check: ${detail}.` };
    case 'checker_source_missing':
      return { code: 'checker_source_missing', certainty: 'certain', summary: `This machine cannot make the check: ${detail}.` };
    default:
      return { code: 'checker_cannot_send', certainty: 'certain', summary: `This machine cannot make the check: ${detail}.` };
  }
}
