/** Ten packets, none of them repeated: how many are answered? Where some are not, ten to a closed port for comparison. */
import { setTimeout as sleep } from 'node:timers/promises';
import { formatEndpoint } from '../../../../endpoint.js';
import type { Step, StepContext } from '../../step.js';
import { fromText, wayOf, withPackets } from '../asking.js';
import type { LossCount } from '../facts.js';
import { layerOf } from '../layer.js';
import type { Packets, Shot } from '../packets.js';

const packetsSent = 10;
const apartMs = 40;
const patience = { sends: 1, apartMs: 0, waitMs: 1000 };

export const lossStep: Step = {
  name: 'ten packets, to see whether some are lost',
  leaveOut({ subject, facts }) {
    const { checkPort, ping } = facts.network;
    const answers =
      layerOf(subject) === 'tcp' ? checkPort?.answer === 'open' || checkPort?.answer === 'refused' : ping?.answer === 'answered';
    return answers ? undefined : 'nothing is answered at all';
  },
  async run(context) {
    const { subject, facts } = context;
    return withPackets(wayOf(subject), async (packets) => {
      const shot: Shot = layerOf(subject) === 'tcp' ? { kind: 'syn', port: subject.checkPort } : { kind: 'echo' };
      const first = await count(context, packets, shot);
      facts.network.loss = first;
      const closed = facts.network.closedPort;
      if (first.answered === first.sent || closed?.answer !== 'refused') return first.evidence.got;
      // Once more, for one lost packet is not much to go by.
      const compare: Shot = { kind: 'syn', port: closed.port };
      const [again, compared] = await Promise.all([count(context, packets, shot), count(context, packets, compare)]);
      const both = countOf(sentBy(context, shot), first.sent + again.sent, first.answered + again.answered, first.evidence.at);
      facts.network.loss = both;
      facts.network.closedPortLoss = compared;
      return `${both.evidence.got}; of a closed port ${compared.evidence.got}`;
    });
  },
};

async function count(context: StepContext, packets: Packets, shot: Shot): Promise<LossCount> {
  const { signal } = context;
  const at = Date.now();
  const answers = await Promise.all(
    Array.from({ length: packetsSent }, async (_, i) => {
      await sleep(i * apartMs, undefined, { signal }).catch(() => undefined);
      return packets.ask(shot, patience, signal);
    }),
  );
  return countOf(sentBy(context, shot), packetsSent, answers.filter(({ kind }) => kind !== 'silent').length, at);
}

interface Sent {
  readonly what: string;
  readonly port: number;
  readonly to: string;
}

function sentBy({ subject }: StepContext, shot: Shot): Sent {
  const way = wayOf(subject);
  return shot.kind === 'echo'
    ? { what: 'echo requests', port: 0, to: `${subject.address}${fromText(way)}` }
    : { what: 'SYNs', port: shot.port, to: `${formatEndpoint(way.address, shot.port)}${fromText(way)}` };
}

function countOf({ what, port, to }: Sent, sent: number, answered: number, at: number): LossCount {
  const got = `${String(answered)} of ${String(sent)} answered`;
  return { what, port, sent, answered, evidence: { sent: `${String(sent)} single ${what} to ${to}`, got, at } };
}
