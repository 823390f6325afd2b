/**
 * A segment with ACK that belongs to no connection, to the check port. TCP answers it with RST whether the port is open,
 * closed, or its accept queue full (RFC 9293 3.10.7.1 and .2); a firewall that drops the port drops it too. So it tells a
 * SYN that a firewall dropped from one that the host's own TCP had no room for.
 */
import { formatEndpoint } from '../../../../endpoint.js';
import type { Step } from '../../step.js';
import { brisk, fromText, ms, seconds, wayOf, withPackets } from '../asking.js';

export const strayAckStep: Step = {
  name: 'a segment without connection to the check port',
  leaveOut: ({ facts }) => (facts.network.checkPort?.answer === 'silent' ? undefined : 'the check port is not silent'),
  async run({ subject, facts, signal }) {
    const way = wayOf(subject);
    const at = Date.now();
    const answer = await withPackets(way, (packets) => packets.ask({ kind: 'ack', port: subject.checkPort }, brisk, signal));
    const got = answer.kind === 'rst' ? `RST after ${ms(answer.rttMs)}` : `nothing within ${seconds(brisk.waitMs)}`;
    const sent = `ACK of no connection to ${formatEndpoint(way.address, subject.checkPort)}${fromText(way)}`;
    facts.network.strayAck = { answered: answer.kind === 'rst', evidence: { sent, got, at } };
    return got;
  },
};
