/** Facts as the steps would have found them, for the rules to judge. */
import { conclude } from '#vitald/diagnosis/diagnose/conclude.js';
import type { Facts } from '#vitald/diagnosis/diagnose/facts.js';
import type { HostAnswer, LossCount, Neighbour, NetworkFacts, Route, SynAnswer } from '#vitald/diagnosis/diagnose/network/facts.js';
import { networkRules, networkTraps } from '#vitald/diagnosis/diagnose/network/index.js';
import type { Subject } from '#vitald/diagnosis/diagnose/subject.js';
import type { CheckPlan } from '#vitald/config/plan.js';
import type { Reason } from '#vitald/health/reasons.js';
import { outcomeOf } from '#vitald/health/reasons.js';
import { checkOf } from '../../../support/plans.js';

export const backend = '10.78.0.2';
export const gateway = '10.77.0.254';

export function subjectOf(check: Partial<CheckPlan> = {}, ports: { port?: number; checkPort?: number } = {}): Subject {
  const port = ports.port ?? 80;
  return { listener: 'web', backend: 'app', address: backend, family: 4, port, checkPort: port, ...ports, check: checkOf(check) };
}

export function outcome(reason: Reason): NonNullable<Facts['check']> {
  const one = { kind: outcomeOf(reason), reason, detail: '', rttMs: NaN, method: 'syn' };
  return { outcomes: [one, one, one], evidence: [{ sent: 'the check', got: reason, at: 1 }] };
}

type SynWord = SynAnswer['answer'];

export function syn(port: number, answer: SynWord, rest: Partial<SynAnswer> = {}): SynAnswer {
  const heard = answer !== 'silent' && answer !== 'not_sent';
  return {
    port,
    answer,
    detail: answer,
    rttMs: heard ? 1 : NaN,
    evidence: { sent: `SYN to ${String(port)}`, got: answer, at: 2 },
    ...rest,
  };
}

export function host(answer: HostAnswer['answer'], rest: Partial<HostAnswer> = {}): HostAnswer {
  return { answer, detail: answer, rttMs: answer === 'silent' ? NaN : 1, evidence: { sent: 'echo request', got: answer, at: 3 }, ...rest };
}

export function neighbour(state: Neighbour['state'], address = backend): Neighbour {
  return { address, state, evidence: { sent: 'ip neigh', got: state, at: 4 } };
}

export function route(kind: Route['kind'], rest: Partial<Route> = {}): Route {
  const known = { gateway: kind === 'by_gateway' ? gateway : undefined, device: 'eth0', source: '10.77.0.1', detail: kind };
  return { kind, ...known, evidence: { sent: 'ip route get', got: kind, at: 5 }, ...rest };
}

export function loss(sent: number, answered: number, port = 80): LossCount {
  return { what: 'SYNs', port, sent, answered, evidence: { sent: `${String(sent)} SYNs`, got: `${String(answered)} answered`, at: 6 } };
}

export function seen(what: string): { sent: string; got: string; at: number } {
  return { sent: what, got: what, at: 7 };
}

/** Each finding as `code certainty`, in their order. */
export function found(subject: Subject, reason: Reason, network: Partial<NetworkFacts>): string[] {
  const { findings } = judged(subject, reason, network);
  return findings.map(({ code, certainty }) => `${code} ${certainty}`);
}

export function judged(subject: Subject, reason: Reason, network: Partial<NetworkFacts>): ReturnType<typeof conclude> {
  return conclude(subject, { check: outcome(reason), network, service: {} }, { causes: networkRules, traps: networkTraps });
}
