/** Some packets are answered, and some are not. */
import type { Conclusion, Rule } from '../../step.js';
import { layerOf } from '../layer.js';
import type { Facts } from '../../facts.js';
import type { Subject } from '../../subject.js';
import { checked, doctorTells, evidenceOf, isFailing, isFlapping } from './views.js';

/** So many lost of twenty are more than a network loses while a closed port of the same host loses none. */
const muchLost = 4;

export const lossRule: Rule = (subject, facts) => {
  const { loss, closedPortLoss } = facts.network;
  const failing = isFailing(facts);
  if (loss === undefined) return isFlapping(facts) ? [comesAndGoes(subject, facts)] : [];
  const lost = loss.sent - loss.answered;
  if (lost === 0) return [];
  const evidence = evidenceOf(loss, closedPortLoss);
  const figures = `${String(lost)} of ${String(loss.sent)} single ${loss.what} to ${checked(subject)} were not answered`;
  const packetLoss = (certainty: Conclusion['certainty']): Conclusion => ({
    code: 'packet_loss',
    certainty,
    summary: `Packets are lost: ${figures}.`,
    evidence,
  });
  // One may be lost on the best of lines; it matters only where the check fails.
  if (lost === 1) return failing ? [packetLoss('possible')] : [];
  const closedLost = closedPortLoss === undefined ? undefined : closedPortLoss.sent - closedPortLoss.answered;
  if (closedLost !== 0) return [packetLoss(closedLost !== undefined && loss.answered > 0 ? 'certain' : 'likely')];
  // Firewalls often limit pings; that is no fault of the line.
  if (layerOf(subject) !== 'tcp') return failing ? [packetLoss('possible')] : [];
  if (lost < muchLost) return [packetLoss('likely')];
  const full: Conclusion = {
    code: 'accept_queue_full',
    certainty: 'likely',
    summary: `${figures}, while a closed port of the same host answered every one: the service does not take its connections fast enough.`,
    evidence,
    advice: doctorTells(subject, 'whether its accept queue overflows'),
  };
  return [full, packetLoss('possible')];
};

/** The check passes at times, and met silence when it was looked at more closely. */
function comesAndGoes(subject: Subject, { check, network }: Facts): Conclusion {
  return {
    code: 'packet_loss',
    certainty: 'possible',
    summary: `${checked(subject)} answers at times only: packets may be lost, or the service be too busy to take them.`,
    evidence: [...(check?.evidence ?? []), ...evidenceOf(network.checkPort, network.closedPort, network.ping)],
  };
}
