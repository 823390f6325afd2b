/**
 * The check's own request, which waits longer than the check does, to tell slow from silent. While it meets silence,
 * the changes that could end that are tried beside it: one after the other there would be no time for them.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Step, StepContext } from '../step.js';
import type { Subject } from '../subject.js';
import { anotherMethod, ask, greetingMs, portNotOpen, shortWaitMs, type ExchangeField } from './asking.js';
import { exchange, type Ask } from './exchange.js';
import { httpOptionsOf, requestTo, schemeOf, silentConnection } from './requests.js';

/** How much longer than the check a diagnosis waits. */
const patience = 5;
const longestPatienceMs = 8_000;
/** At least so much longer than the check. */
const leastPatienceMs = 1_000;
/** However long the check's timeout is: the whole diagnosis has 15 s. */
const longestRequestMs = 12_000;
/** Silence of this length is enough where the check has met it already. */
const knownSilenceMs = 1_000;

export const asChecked = {
  name: 'the check’s own request, with more patience',
  limitMs: longestRequestMs,
  leaveOut: (context) =>
    schemeOf(context.subject) === undefined ? `a ${context.subject.check.type} check makes no HTTP request` : portNotOpen(context),
  run: async (context) => {
    const { subject, facts, signal } = context;
    const own = exchange(requestTo(subject, {}, patienceMs(subject)), signal);
    const [result] = await Promise.all([own, tryChanges(context, own)]);
    facts.service.asChecked = result;
    return result.evidence.got;
  },
} satisfies Step & { readonly limitMs: number };

function patienceMs({ check: { timeoutMs } }: Subject): number {
  return Math.min(longestRequestMs, Math.max(timeoutMs + leastPatienceMs, Math.min(patience * timeoutMs, longestPatienceMs)));
}

/** Waits for silence to be certain; ends when there was an answer. */
async function tryChanges(context: StepContext, answer: Promise<unknown>): Promise<void> {
  const over = new AbortController();
  void answer.then(() => over.abort());
  await sleep(silenceAfterMs(context), undefined, { signal: over.signal }).catch(() => undefined);
  for (const [field, request] of changesAgainstSilence(context.subject)) {
    if (over.signal.aborted) return;
    await ask(context, field, request);
  }
}

function silenceAfterMs({ subject, facts }: StepContext): number {
  const { timeoutMs } = subject.check;
  const outcomes = facts.check?.outcomes ?? [];
  const isKnown = outcomes.length > 0 && outcomes.every(({ reason }) => reason === 'response_timeout' || reason === 'tls_timeout');
  return isKnown ? Math.min(timeoutMs, knownSilenceMs) : timeoutMs;
}

function changesAgainstSilence(subject: Subject): readonly (readonly [field: ExchangeField, request: Ask])[] {
  const { method, path } = httpOptionsOf(subject);
  const isPlain = schemeOf(subject) === 'http';
  return [
    ['otherMethod', requestTo(subject, { method: anotherMethod(method) }, shortWaitMs)],
    ...(path === '/' ? [] : ([['root', requestTo(subject, { path: '/' }, shortWaitMs)]] as const)),
    isPlain
      ? ['withTls', requestTo(subject, { scheme: 'https' }, shortWaitMs)]
      : ['withoutTls', requestTo(subject, { scheme: 'http' }, shortWaitMs)],
    ['saysNothing', silentConnection(subject, subject.checkPort, greetingMs)],
  ];
}
