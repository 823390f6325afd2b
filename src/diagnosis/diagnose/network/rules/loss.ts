/** Some packets are answered, and some are not. */
import type { Conclusion, Rule } from '../../step.js';
import { layerOf } from '../layer.js';
import { checked, doctorTells, evidenceOf, isFailing } from './views.js';

/** So many lost of twenty are more than a network loses while a closed port of the same host loses none. */
const muchLost = 4;

export const lossRule: Rule = (subject, facts) => {
  const { loss, closedPortLoss } = facts.network;
  if (loss === undefined) return [];
  const lost = loss.sent - loss.answered;
  // One may be lost on the best of lines; it matters only where the check fails.
  if (lost === 0 || (lost === 1 && !isFailing(facts))) return [];
  const evidence = evidenceOf(loss, closedPortLoss);
  const figures = `${String(lost)} of ${String(loss.sent)} single ${loss.what} to ${checked(subject)} were not answered`;
  const closedLost = closedPortLoss === undefined ? undefined : closedPortLoss.sent - closedPortLoss.answered;
  const packetLoss = (certainty: Conclusion['certainty']): Conclusion => ({
    code: 'packet_loss',
    certainty,
    summary: `Packets are lost: ${figures}.`,
    evidence,
  });
  if (layerOf(subject) === 'tcp' && closedLost === 0 && lost >= muchLost) {
    const full: Conclusion = {
      code: 'accept_queue_full',
      certainty: 'likely',
      summary: `${figures}, while a closed port of the same host answered every one: the service does not take its connections fast enough.`,
      evidence,
      advice: doctorTells(subject, 'whether its accept queue overflows'),
    };
    return [full, packetLoss('possible')];
  }
  if (lost === 1) return [packetLoss('possible')];
  return [packetLoss(loss.answered > 0 && closedLost !== 0 ? 'certain' : 'likely')];
};
