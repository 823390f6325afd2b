/** Runs the steps of a diagnosis: stage after stage, each step within its time, and none able to end the rest. */
import { setMaxListeners } from 'node:events';
import { performance } from 'node:perf_hooks';
import { messageOf } from '../../message-of.js';
import { printable } from '../../probes/printable.js';
import { RawUnavailable } from '../../probes/raw/native.js';
import type { LeftOut, StepReport } from '../report.js';
import type { Facts } from './facts.js';
import type { Stage, Step } from './step.js';
import type { Subject } from './subject.js';

/** How long a step may take that does not say. */
const defaultLimitMs = 9000;
/** A step that heeds the signal is given so long to tell what it found until then. */
const graceMs = 100;
const outOfTime = 'the time was used up';

/** What one step came to: a result, or why there is none. */
export type StepResult = { readonly ran: StepReport } | { readonly leftOut: LeftOut };

export interface Run {
  readonly subject: Subject;
  readonly facts: Facts;
  readonly signal: AbortSignal;
  /** Told of each step as it ends, but not of those by which nothing was to be gained. */
  onResult(result: StepResult): void;
}

/** Runs stage after stage; when the signal comes, what has not begun is left out. */
export async function runStages(stages: readonly Stage[], run: Run): Promise<void> {
  const runOne = async (step: Step): Promise<void> => {
    const result = await runStep(step, run);
    if (result !== undefined) run.onResult(result);
  };
  for (const stage of stages) await Promise.all(stage.map(runOne));
}

/** Never rejects: what fails is left out, with the reason. */
async function runStep(step: Step, { subject, facts, signal }: Run): Promise<StepResult | undefined> {
  const { name } = step;
  const leaveOut = (why: string): StepResult => ({ leftOut: { name, why } });
  const startedAt = performance.now();
  const limitMs = step.limitMs ?? defaultLimitMs;
  const own = new AbortController();
  const context = { subject, facts, signal: AbortSignal.any([signal, own.signal]) };
  // A step may wait for a dozen answers at once.
  setMaxListeners(0, context.signal);
  let timer: NodeJS.Timeout | undefined;
  let ended = false;
  try {
    if (step.leaveOut?.(context) !== undefined) return undefined;
    if (signal.aborted) return leaveOut(outOfTime);
    const overTime = new Promise<undefined>((resolve) => {
      const soon = (): void => void (ended || setTimeout(resolve, graceMs, undefined));
      timer = setTimeout(() => own.abort(), limitMs);
      context.signal.addEventListener('abort', soon, { once: true });
    });
    const result = await Promise.race([step.run(context), overTime]);
    const tookMs = performance.now() - startedAt;
    return result === undefined ? leaveOut(`no result within ${(tookMs / 1000).toFixed(1)} s`) : { ran: { name, result, tookMs } };
  } catch (error) {
    if (context.signal.aborted) return leaveOut(outOfTime);
    // It is a sentence already, and says what to do.
    if (error instanceof RawUnavailable) return leaveOut(error.message);
    return leaveOut(`it failed: ${printable(messageOf(error), 200)}`);
  } finally {
    ended = true;
    clearTimeout(timer);
    own.abort();
  }
}
