/** SYNs whose time to live is counted down by the routers on the way: how far do they come? */
import { formatEndpoint } from '../../../../endpoint.js';
import type { Family } from '../../../../probes/probe.js';
import type { Step } from '../../step.js';
import { fromText, judge, wayOf, withPackets } from '../asking.js';
import type { Hops } from '../facts.js';
import { layerOf } from '../layer.js';
import type { PacketAnswer } from '../packets.js';

const mostHops = 12;
const patience = { sends: 1, apartMs: 0, waitMs: 1200 };

export const hopsStep: Step = {
  name: 'how far SYNs come',
  leaveOut({ subject, facts }) {
    const { network } = facts;
    const asked = layerOf(subject) === 'tcp' ? network.checkPort : network.ping;
    if (asked?.answer !== 'silent' && asked?.answer !== 'unreachable') return 'the backend answers';
    if (network.route?.kind === 'on_link' || network.route?.kind === 'local') return 'the backend is in the same network';
    return network.route?.kind === 'none' ? 'there is no route' : undefined;
  },
  async run({ subject, facts, signal }) {
    const way = wayOf(subject);
    const port = subject.checkPort || subject.port || 1;
    const at = Date.now();
    const hopLimits = Array.from({ length: mostHops }, (_, i) => i + 1);
    const answers = await withPackets(way, (packets) =>
      Promise.all(hopLimits.map((hopLimit) => packets.ask({ kind: 'syn', port, hopLimit }, patience, signal))),
    );
    const found = readHops(answers, subject.family);
    const listed = found.routers.map(({ hop, address }) => `${String(hop)} ${address}`).join(', ');
    const got = [
      listed === '' ? 'no router passed them on' : `routers ${listed}`,
      ...(found.loopAt === undefined ? [] : ['the packets go round']),
      ...(found.refusal === undefined ? [] : [found.refusal.detail]),
    ].join('; ');
    const sent = `SYNs to ${formatEndpoint(way.address, port)}${fromText(way)} with a time to live of 1 to ${String(mostHops)}`;
    facts.network.hops = { ...found, evidence: { sent, got, at } };
    return got;
  },
};

/** @param answers by time to live, from 1 on */
export function readHops(answers: readonly PacketAnswer[], family: Family): Omit<Hops, 'evidence'> {
  const routers = answers.flatMap((answer, i) => (answer.kind === 'time_exceeded' ? [{ hop: i + 1, address: answer.from }] : []));
  const again = routers.find(({ address, hop }) => routers.some((other) => other.address === address && other.hop < hop - 1));
  const refused = answers.find((answer): answer is Extract<PacketAnswer, { code: number }> => answer.kind === 'unreachable');
  const { missing, detail } = refused === undefined ? {} : judge(family, refused, patience);
  const refusal = refused === undefined || detail === undefined ? undefined : { from: refused.from, missing, detail };
  return { routers, loopAt: again?.address, refusal };
}
