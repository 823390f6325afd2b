/** What the check's datagram meets. */
import type { Conclusion, Rule } from '../../step.js';
import { layerOf } from '../layer.js';
import { unexpectedAnswer } from './udp-answer.js';
import { checked, doctorTells, evidenceOf, hostProof, isFailing } from './views.js';

export const udpRule: Rule = (subject, facts) => {
  const { network, check } = facts;
  const { datagram, closedDatagram, ping } = network;
  if (layerOf(subject) !== 'udp' || !isFailing(facts) || datagram === undefined) return [];
  const evidence = evidenceOf(datagram, closedDatagram, ping);
  const reasons = new Set(check?.outcomes.map(({ reason }) => reason));
  if (datagram.missing === 'port') {
    const port = `UDP port ${String(subject.checkPort)} of ${subject.address}`;
    const advice = doctorTells(subject, 'a closed port from a firewall’s rule');
    return [
      { code: 'port_closed', certainty: 'likely', summary: `${port} is closed: nothing listens there.`, evidence, advice },
      {
        code: 'firewall_rejects',
        certainty: 'possible',
        summary: `A firewall may refuse ${port} with “port unreachable”; from here that looks the same as a closed port.`,
        evidence,
        advice,
      },
    ];
  }
  if (reasons.has('reply_mismatch')) {
    return [unexpectedAnswer(subject, facts, evidence)];
  }
  if (datagram.answer !== 'silent' || !reasons.has('reply_timeout') || hostProof(network).length === 0) return [];
  // “Port unreachable” from a closed port: errors get through, so the check port is not closed.
  const errorsCome = closedDatagram?.missing === 'port';
  const still: Conclusion = {
    code: 'accepts_but_silent',
    certainty: errorsCome ? 'likely' : 'possible',
    summary: `The service at UDP ${checked(subject)} does not answer the check’s datagram.`,
    evidence,
    advice: doctorTells(subject, 'whether it listens'),
  };
  const dropped: Conclusion = {
    code: 'firewall_drops_port',
    certainty: errorsCome ? 'possible' : 'likely',
    summary: `A firewall may drop datagrams to ${checked(subject)}; the host itself answers.`,
    evidence,
    advice: doctorTells(subject, 'a silent service from a firewall’s rule'),
  };
  return [still, dropped];
};

/** A trap of docs/semantics.md section 6: without “port unreachable”, a dead service passes. */
export const udpTrap: Rule = (subject, { network }) => {
  const { datagram, closedDatagram } = network;
  const expects = (subject.check.options['udp'] as { expect?: string } | undefined)?.expect !== undefined;
  if (layerOf(subject) !== 'udp' || expects || datagram?.answer !== 'silent' || closedDatagram?.answer !== 'silent') return [];
  return [
    {
      code: 'icmp_errors_limited',
      certainty: 'possible',
      summary: `No “port unreachable” comes from ${subject.address}, not even for a closed port: this check would pass with the service stopped.`,
      evidence: evidenceOf(datagram, closedDatagram),
      advice: 'Set `udp.send` and `udp.expect`, so that only a right answer passes.',
    },
  ];
};
