/** What the steps have in common: whether to ask, how long to wait, and where to put what came. */
import type { Method } from '../../../probes/http/options.js';
import type { StepContext } from '../step.js';
import { exchange, type Ask } from './exchange.js';
import type { Exchange, ServiceFacts } from './facts.js';
import { accepted, inTime } from './judge.js';
import { schemeOf } from './requests.js';

/** Where the check's own request found silence, a changed one gets so long. */
export const shortWaitMs = 800;
export const greetingMs = 500;

/** The facts that one exchange fills. */
export type ExchangeField = { [Key in keyof ServiceFacts]: ServiceFacts[Key] extends Exchange ? Key : never }[keyof ServiceFacts];

/** How long a changed request may take: as the own one did, and some more. */
export function waitFor({ facts }: StepContext): number {
  const own = facts.service.asChecked;
  if (own === undefined || own.end === 'silent' || own.reason === 'tls_timeout') return shortWaitMs;
  return Math.min(3_000, Math.max(1_000, 2 * own.totalMs));
}

/** Why nothing further need be asked; undefined: the check's own request failed, and a change may tell why. */
export function nothingToAsk({ subject, facts }: StepContext): string | undefined {
  const own = facts.service.asChecked;
  if (schemeOf(subject) === undefined) return `a ${subject.check.type} check makes no HTTP request`;
  if (own === undefined) return 'the check’s own request was not made';
  if (own.end === 'connect_failed') return 'there was no connection to ask on';
  if (accepted(subject, own) && inTime(subject, own) && own.status < 400) return 'the check’s own request was answered as it should be';
  return undefined;
}

/** Why no connection need be tried, as the network's steps found; undefined where the port is open, or may be. */
export function portNotOpen({ subject, facts }: StepContext): string | undefined {
  const syn = facts.network.checkPort;
  if (syn === undefined || syn.answer === 'open' || syn.answer === 'not_sent') return undefined;
  return `port ${subject.checkPort} is not open (${syn.answer})`;
}

/** Why a step would ask what was asked already, while the check's own request met silence. */
export function askedAlready({ facts }: StepContext, field: ExchangeField): string | undefined {
  const made = facts.service[field];
  return made === undefined ? undefined : `it was tried while the check’s own request waited: ${made.evidence.got}`;
}

/** Writes what came into the facts. @returns it in a few words */
export async function ask(context: StepContext, field: ExchangeField, request: Ask): Promise<string> {
  const result = await exchange(request, context.signal);
  context.facts.service[field] = result;
  return result.evidence.got;
}

export function anotherMethod(method: Method): Method {
  return method === 'GET' ? 'HEAD' : 'GET';
}
