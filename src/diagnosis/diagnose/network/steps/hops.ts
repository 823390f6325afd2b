/** SYNs whose time to live is counted down by the routers on the way: how far do they come? */
import type { Step } from '../../step.js';
import { endpoint, fromText, wayOf, withPackets } from '../asking.js';
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
    const found = readHops(answers);
    const listed = found.routers.map(({ hop, address }) => `${String(hop)} ${address}`).join(', ');
    const got = `${listed === '' ? 'no router answered' : `routers ${listed}`}${found.loopAt === undefined ? '' : '; the packets go round'}`;
    const sent = `SYNs to ${endpoint(way, port)}${fromText(way)} with a time to live of 1 to ${String(mostHops)}`;
    facts.network.hops = { ...found, evidence: { sent, got, at } };
    return got;
  },
};

/** @param answers by time to live, from 1 on */
export function readHops(answers: readonly PacketAnswer[]): Omit<Hops, 'evidence'> {
  const routers = answers.flatMap((answer, i) => (answer.kind === 'time_exceeded' ? [{ hop: i + 1, address: answer.from }] : []));
  const again = routers.find(({ address, hop }) => routers.some((other) => other.address === address && other.hop < hop - 1));
  return { routers, loopAt: again?.address };
}
