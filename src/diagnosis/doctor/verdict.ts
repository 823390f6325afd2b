/** Whether the check can pass, as far as this machine can tell, in a word and in a sentence. */
import type { Report } from '../report.js';
import type { Case, DoctorFacts } from './facts.js';
import { ownerText, socketText } from './looks/sockets.js';
import { handedOn, servingListener, type DoctorConclusion } from './rules/rule.js';

export function verdictOf(asked: Case, facts: DoctorFacts, conclusions: readonly DoctorConclusion[]): Report['verdict'] {
  const stopping = conclusions.filter(({ stops }) => stops);
  if (stopping.some(({ certainty }) => certainty !== 'possible')) return 'unhealthy';
  return stopping.length === 0 && unseen(asked, facts).length === 0 ? 'healthy' : 'unknown';
}

/** What must have been seen before one may say that nothing is wrong. */
function unseen(asked: Case, facts: DoctorFacts): string[] {
  const { firewall, routes } = facts;
  const isHandedOn = handedOn(asked, facts).address !== undefined;
  return [
    ...(isHandedOn || firewall?.request.mayBeSentOn === true
      ? ['what becomes of the port, which is handed on to another machine or container']
      : []),
    ...(!isHandedOn && servingListener(asked, facts) === undefined ? ['who listens'] : []),
    ...(firewall?.complete !== true || firewall.request.verdict === 'unknown' ? ['the rules of the firewall'] : []),
    ...(asked.question.from !== undefined && (routes?.back.length ?? 0) === 0 ? ['the way back'] : []),
  ];
}

export function summaryOf(asked: Case, facts: DoctorFacts, conclusions: readonly DoctorConclusion[]): string {
  const cause = conclusions.find(({ stops }) => stops);
  if (cause !== undefined) return cause.summary;
  const { question } = asked;
  const check = `${question.protocol.toUpperCase()} port ${question.port}${question.from === undefined ? '' : ` from ${question.from.text}`}`;
  const missing = unseen(asked, facts);
  if (missing.length > 0) return `Nothing wrong was seen with ${check}, but this could not be seen: ${missing.join('; ')}.`;
  const listener = servingListener(asked, facts);
  const served = listener === undefined ? '' : ` It is served ${ownerText(listener.owner)} at ${socketText(listener)}.`;
  return `Nothing on this machine stands in the way of checks of ${check}.${served}`;
}
