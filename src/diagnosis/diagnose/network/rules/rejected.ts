/** Refusals that only a firewall sends. */
import type { Rule } from '../../step.js';
import { layerOf } from '../layer.js';
import { checked, evidenceOf, hostProof, isFailing, mainAnswer } from './views.js';

export const rejectedRule: Rule = (subject, facts) => {
  const { network } = facts;
  const main = mainAnswer(subject, network);
  if (!isFailing(facts) || main === undefined) return [];
  // TCP itself says RST where a port is closed; “port unreachable” is what firewalls send by default.
  const byTcp = layerOf(subject) === 'tcp' && main.missing === 'port';
  if (main.answer !== 'prohibited' && !byTcp) return [];
  const who =
    main.from === undefined ? 'A firewall' : main.from === subject.address ? 'The firewall of the backend' : `A firewall at ${main.from}`;
  const summary = `${who} rejects the check of ${checked(subject)}: ${main.detail}.`;
  return [{ code: 'firewall_rejects', certainty: 'certain', summary, evidence: [...evidenceOf(main), ...hostProof(network)] }];
};
