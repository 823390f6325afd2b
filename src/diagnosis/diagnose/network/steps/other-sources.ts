/** The same packet from other addresses of this machine: does the backend turn away the check's source only? */
import { networkInterfaces } from 'node:os';
import { canonicalAddress } from '../../../../probes/raw/addresses.js';
import { RawUnavailable } from '../../../../probes/raw/native.js';
import type { Step, StepContext } from '../../step.js';
import { askPorts, brisk, fromText, judge, wayOf, withPackets } from '../asking.js';
import type { OtherSource } from '../facts.js';
import { layerOf } from '../layer.js';

const mostSources = 3;

export const otherSourcesStep: Step = {
  name: 'from other addresses of this machine',
  leaveOut(context) {
    const { network } = context.facts;
    const asked = layerOf(context.subject) === 'tcp' ? network.checkPort : network.ping;
    if (asked?.answer !== 'silent') return 'the check’s own source is not met by silence';
    return candidates(context).length === 0 ? 'this machine has no other address' : undefined;
  },
  async run(context) {
    const found = await Promise.all(candidates(context).map((source) => ask(context, source)));
    context.facts.network.otherSources = found;
    return found.map(({ source, evidence }) => `${source}: ${evidence.got}`).join('; ');
  },
};

async function ask({ subject, signal }: StepContext, source: string): Promise<OtherSource> {
  const way = wayOf(subject, source);
  if (layerOf(subject) === 'tcp') {
    const [answer] = await askPorts(way, [subject.checkPort], brisk, signal);
    return { source, heard: answer!.answer === 'open' || answer!.answer === 'refused', evidence: answer!.evidence };
  }
  const at = Date.now();
  const answer = await withPackets(way, (packets) => packets.ask({ kind: 'echo' }, brisk, signal)).catch((error: unknown) => {
    if (error instanceof RawUnavailable) return { kind: 'not_sent', why: 'failed' } as const;
    throw error;
  });
  const { detail } = judge(subject.family, answer, brisk);
  const evidence = { sent: `echo request to ${subject.address}${fromText(way)}`, got: detail, at };
  return { source, heard: answer.kind === 'echo_reply', evidence };
}

/** What the kernel would choose first, then the others; none that is valid on its own link only. */
function candidates({ subject: { family, check }, facts }: StepContext): string[] {
  const usual = facts.network.route?.source;
  const used = check.source === undefined ? usual : canonicalAddress(check.source);
  const others = Object.values(networkInterfaces()).flatMap((list) =>
    (list ?? []).filter((one) => !one.internal && one.family === `IPv${String(family)}`).map(({ address }) => address),
  );
  const all = usual === undefined ? others : [usual, ...others];
  return [...new Set(all)].filter((address) => address !== used && !/^(fe80:|169\.254\.)/i.test(address)).slice(0, mostSources);
}
