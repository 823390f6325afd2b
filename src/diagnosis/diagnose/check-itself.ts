/** The check, made as the daemon makes it, a few times. */
import { setTimeout as sleep } from 'node:timers/promises';
import { formatEndpoint } from '../../endpoint.js';
import { evidenceOf } from '../../health/reasons.js';
import { probeOnce, type Outcome } from '../../probes/one-shot.js';
import { probeKinds } from '../../probes/registry.js';
import type { Evidence } from '../report.js';
import type { Step } from './step.js';
import type { Subject } from './subject.js';

/** One of them alone may have met a hiccup. */
const times = 3;
const apartMs = 150;
/** Making probes takes this process some ms, for which answers to the other steps would have to wait. */
const firstMs = 60;
/** A check that waits longer is cut short: the diagnosis has 15 s over all. */
const longestMs = 7000;
/** If this machine was held up, the check is repeated as often as this, one after the other, within this time. */
const mostRepeats = 4;
const repeatMs = 3000;
/** A failure while the process was held up for this share of the timeout, or this long, may be due to that. */
const tolerableShare = 0.1;
const tolerableMs = 30;

export const checkItself: Step = {
  name: 'the check itself',
  limitMs: longestMs + firstMs + times * apartMs + repeatMs + 500,
  async run({ subject, facts, signal }) {
    const kind = probeKinds.find(({ name }) => name === subject.check.type);
    if (kind === undefined) throw new Error(`there is no check of type ${subject.check.type}`);
    const { check } = subject;
    const timeoutMs = Math.min(check.timeoutMs, longestMs);
    const settings = { timeoutMs, source: check.source, interface: check.interface, options: check.options };
    const where = { address: subject.address, family: subject.family, port: subject.checkPort };
    const outcomes: Outcome[] = [];
    const evidence: Evidence[] = [];
    const once = async (waitMs: number): Promise<boolean> => {
      await sleep(waitMs, undefined, { signal });
      const at = Date.now();
      const made = await probeOnce((context) => kind.create(context), settings, where);
      const outcome = isDoubtful(made, timeoutMs) ? asLate(made) : made;
      outcomes.push(outcome);
      evidence.push({ sent: `the check: ${describe(subject, outcome)}`, got: ending(outcome, timeoutMs < check.timeoutMs), at });
      facts.check = { outcomes, evidence };
      return outcome.reason !== 'checker_late';
    };
    const first = await Promise.all(Array.from({ length: times }, (_, turn) => once(firstMs + turn * apartMs)));
    let missing = first.filter((isSure) => !isSure).length;
    const untilMs = performance.now() + repeatMs;
    for (let repeat = 0; missing > 0 && repeat < mostRepeats && performance.now() < untilMs; repeat++) {
      if (await once(apartMs)) missing--;
    }
    return summaryOf(outcomes);
  },
};

/** A failure that the lateness of this process may have caused: it says nothing of the backend. */
function isDoubtful({ kind, reason, heldUpMs = 0 }: Outcome, timeoutMs: number): boolean {
  if (kind !== 'fail' || heldUpMs <= Math.max(tolerableMs, timeoutMs * tolerableShare)) return false;
  const rest = evidenceOf(reason);
  return rest === 'silence' || rest === 'gave_up';
}

function asLate({ reason, method, heldUpMs = 0 }: Outcome): Outcome {
  const detail = `this machine held the check up for ${heldUpMs.toFixed(0)} ms meanwhile (${reason})`;
  return { kind: 'indeterminate', reason: 'checker_late', detail, rttMs: NaN, method, heldUpMs };
}

function summaryOf(outcomes: readonly Outcome[]): string {
  const passed = outcomes.filter(({ kind }) => kind === 'pass').length;
  const of = `${String(passed)} times of ${String(outcomes.length)}`;
  if (passed === outcomes.length) return `passes, ${of}`;
  return `passes ${of}: ${[...new Set(outcomes.map(({ reason }) => reason))].join(', ')}`;
}

function describe({ address, check, checkPort }: Subject, { method }: Outcome): string {
  return `${check.type} (${method}) to ${check.type === 'ping' ? address : formatEndpoint(address, checkPort)}${check.source === undefined ? '' : ` from ${check.source}`}`;
}

function ending({ reason, detail, rttMs }: Outcome, cutShort: boolean): string {
  const after = Number.isNaN(rttMs) ? '' : ` after ${rttMs.toFixed(1)} ms`;
  const limit = cutShort ? ` (cut short at ${String(longestMs / 1000)} s)` : '';
  return `${reason}${detail === '' ? '' : `: ${detail}`}${after}${limit}`;
}
