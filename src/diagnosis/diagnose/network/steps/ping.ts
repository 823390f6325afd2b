/** Ping, from the check's source. */
import { RawUnavailable } from '../../../../probes/raw/native.js';
import type { Step, StepContext } from '../../step.js';
import { fromText, judge, ms, patient, wayOf, withPackets } from '../asking.js';
import type { HostAnswer } from '../facts.js';
import { runProgram } from '../run-program.js';

export const pingStep: Step = {
  name: 'ping',
  async run(context) {
    const ping = await pingByPackets(context).catch((error: unknown) => {
      if (error instanceof RawUnavailable) return pingByProgram(context, error);
      throw error;
    });
    context.facts.network.ping = ping;
    return ping.detail;
  },
};

async function pingByPackets({ subject, signal }: StepContext): Promise<HostAnswer> {
  const way = wayOf(subject);
  const at = Date.now();
  const answer = await withPackets(way, (packets) => packets.ask({ kind: 'echo' }, patient, signal));
  const judged = judge(subject.family, answer, patient);
  return { ...judged, evidence: { sent: `echo request to ${subject.address}${fromText(way)}`, got: judged.detail, at } };
}

/** Without raw sockets the system's own ping may still be allowed to. */
async function pingByProgram({ subject, signal }: StepContext, problem: RawUnavailable): Promise<HostAnswer> {
  const { address, family, check } = subject;
  const args = [`-${String(family)}`, '-n', '-c', '1', '-W', '1', ...(check.source === undefined ? [] : ['-I', check.source]), address];
  const at = Date.now();
  const startedAt = performance.now();
  const ended = await runProgram('ping', args, signal);
  // 0: an answer came; 1: none came; anything else: it could not be tried.
  if (ended === undefined || (ended.exitCode !== 0 && ended.exitCode !== 1)) throw problem;
  const rttMs = performance.now() - startedAt;
  const answered = ended.exitCode === 0;
  const detail = answered ? `echo reply within ${ms(rttMs)}` : 'nothing within 1 s';
  const evidence = { sent: `ping ${args.join(' ')}`, got: detail, at };
  return { answer: answered ? 'answered' : 'silent', detail, rttMs: answered ? rttMs : NaN, evidence };
}
