/** The check, made as the daemon makes it, a few times. */
import { setTimeout as sleep } from 'node:timers/promises';
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

export const checkItself: Step = {
  name: 'the check itself',
  limitMs: longestMs + firstMs + times * apartMs + 500,
  async run({ subject, facts, signal }) {
    const kind = probeKinds.find(({ name }) => name === subject.check.type);
    if (kind === undefined) throw new Error(`there is no check of type ${subject.check.type}`);
    const { check } = subject;
    const timeoutMs = Math.min(check.timeoutMs, longestMs);
    const settings = { timeoutMs, source: check.source, interface: check.interface, options: check.options };
    const where = { address: subject.address, family: subject.family, port: subject.checkPort };
    const outcomes: Outcome[] = [];
    const evidence: Evidence[] = [];
    const once = async (turn: number): Promise<void> => {
      await sleep(firstMs + turn * apartMs, undefined, { signal });
      const at = Date.now();
      const outcome = await probeOnce((context) => kind.create(context), settings, where);
      outcomes.push(outcome);
      evidence.push({ sent: `the check: ${describe(subject, outcome)}`, got: ending(outcome, timeoutMs < check.timeoutMs), at });
      facts.check = { outcomes, evidence };
    };
    await Promise.all(Array.from({ length: times }, (_, turn) => once(turn)));
    const passed = outcomes.filter(({ kind }) => kind === 'pass').length;
    const reasons = [...new Set(outcomes.map(({ reason }) => reason))].join(', ');
    return passed === times
      ? `passes, ${String(times)} times of ${String(times)}`
      : `passes ${String(passed)} times of ${String(times)}: ${reasons}`;
  },
};

function describe({ address, family, check, checkPort }: Subject, { method }: Outcome): string {
  const host = family === 6 ? `[${address}]` : address;
  return `${check.type} (${method}) to ${check.type === 'ping' ? address : `${host}:${String(checkPort)}`}${check.source === undefined ? '' : ` from ${check.source}`}`;
}

function ending({ reason, detail, rttMs }: Outcome, cutShort: boolean): string {
  const after = Number.isNaN(rttMs) ? '' : ` after ${rttMs.toFixed(1)} ms`;
  const limit = cutShort ? ` (cut short at ${String(longestMs / 1000)} s)` : '';
  return `${reason}${detail === '' ? '' : `: ${detail}`}${after}${limit}`;
}
