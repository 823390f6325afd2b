/** Ping is silent, and the host is up all the same. */
import type { Rule } from '../../step.js';
import { usesPing } from '../layer.js';
import { evidenceOf, hostProof, isFailing } from './views.js';

export const pingRule: Rule = (subject, facts) => {
  const { network } = facts;
  const { ping } = network;
  if (!usesPing(subject) || !isFailing(facts) || ping?.answer !== 'silent') return [];
  const proof = hostProof(network);
  if (proof.length === 0) return [];
  return [
    {
      code: 'icmp_blocked',
      certainty: 'certain',
      summary: `${subject.address} does not answer ping, but is up: something else of it answers.`,
      evidence: [...evidenceOf(ping), ...proof],
    },
  ];
};
