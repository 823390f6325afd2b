/** What a rule of the doctor is, and what several of them need. */
import type { Conclusion } from '../../diagnose/step.js';
import type { Evidence } from '../../report.js';
import type { Case, DoctorFacts, Listener } from '../facts.js';
import { addressRange, isLoopback } from '../intervals.js';

export interface DoctorConclusion extends Conclusion {
  /** Whether it makes a check of this port fail; otherwise it matters to other kinds of check only. */
  readonly stops: boolean;
}

/** Looks at the facts and says what they mean. Pure. It speaks `certain` only where nothing else explains the facts. */
export type DoctorRule = (asked: Case, facts: DoctorFacts) => readonly DoctorConclusion[];

/** @param looked what was read or run  @param saw what it said */
export const evidence = ({ startedAt }: Case, looked: string, saw: string): Evidence => ({ sent: looked, got: saw, at: startedAt });

/** Why a listener takes no connections for what was asked about, or that it does. */
export type Reach = 'yes' | 'loopback' | 'other_address' | 'ipv6_only' | 'other_family';

export function reachOf({ address, isV6Only }: Listener, { question }: Case, { local }: DoctorFacts): Reach {
  const range = addressRange(address);
  const isAny = range?.first === 0n;
  if (range?.family === 6 && question.family === 4) {
    if (!isAny) return 'other_family';
    // Where ss could not tell, a connection could.
    return (isV6Only ?? local?.end === 'refused') ? 'ipv6_only' : 'yes';
  }
  if (range?.family !== question.family) return 'other_family';
  if (isAny) return 'yes';
  if (question.address !== undefined) {
    if (addressRange(question.address)?.first === range.first) return 'yes';
    return isLoopback(address) ? 'loopback' : 'other_address';
  }
  return isLoopback(address) ? 'loopback' : 'yes';
}

/** The listeners that take the check. */
export function servingListeners(asked: Case, facts: DoctorFacts): Listener[] {
  return (facts.listening?.here ?? []).filter((listener) => reachOf(listener, asked, facts) === 'yes');
}

export function servingListener(asked: Case, facts: DoctorFacts): Listener | undefined {
  return servingListeners(asked, facts)[0];
}

/** The port of this machine that the check ends at, and the machine it is handed on to, if it is. */
export function handedOn(
  { question, addresses }: Case,
  { firewall }: DoctorFacts,
): { readonly address: string | undefined; readonly port: number } {
  const translated = firewall?.request.translated;
  const to = translated?.address === undefined ? undefined : addressRange(translated.address);
  const isElsewhere =
    to !== undefined && !isLoopback(translated!.address!) && !addresses.some(({ address }) => addressRange(address)?.first === to.first);
  return { address: isElsewhere ? translated!.address : undefined, port: translated?.port ?? question.port };
}
