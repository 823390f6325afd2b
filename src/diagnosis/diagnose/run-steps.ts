/** Runs the steps of a diagnosis: stage after stage, each step within its time, and none able to end the rest. */
import { setMaxListeners } from 'node:events';
import { performance } from 'node:perf_hooks';
import { printable } from '../../probes/printable.js';
import type { LeftOut, StepReport } from '../report.js';
import type { Facts } from './facts.js';
import type { Stage, Step } from './step.js';
import type { Subject } from './subject.js';

/** How long a step may take that does not say. */
const defaultLimitMs = 9000;
/** A step that heeds the signal is given so long to tell what it found until then. */
const graceMs = 100;

/** What one step came to. */
export type StepResult = { readonly ran: StepReport } | { readonly leftOut: LeftOut };

export interface Run {
  readonly subject: Subject;
  readonly facts: Facts;
  readonly signal: AbortSignal;
  /** Told of each step as it ends. */
  onResult(result: StepResult): void;
}

/** Runs stage after stage; when the signal comes, what has not begun is left out. */
export async function runStages(stages: readonly Stage[], run: Run): Promise<void> {
  for (const stage of stages) await Promise.all(stage.map(async (step) => run.onResult(await runStep(step, run))));
}

/** Never rejects: what fails is left out, with the reason. */
async function runStep(step: Step, { subject, facts, signal }: Run): Promise<StepResult> {
  const { name } = step;
  const leaveOut = (why: string): StepResult => ({ leftOut: { name, why } });
  if (signal.aborted) return leaveOut('the time was used up');
  const startedAt = performance.now();
  const limitMs = step.limitMs ?? defaultLimitMs;
  const own = new AbortController();
  const context = { subject, facts, signal: AbortSignal.any([signal, own.signal]) };
  // A step may wait for a dozen answers at once.
  setMaxListeners(0, context.signal);
  let timer: NodeJS.Timeout | undefined;
  let ended = false;
  try {
    const why = step.leaveOut?.(context);
    if (why !== undefined) return leaveOut(why);
    const overTime = new Promise<undefined>((resolve) => {
      const soon = (): void => void (ended || setTimeout(resolve, graceMs, undefined));
      timer = setTimeout(() => own.abort(), limitMs);
      context.signal.addEventListener('abort', soon, { once: true });
    });
    const result = await Promise.race([step.run(context), overTime]);
    const tookMs = performance.now() - startedAt;
    return result === undefined ? leaveOut(`no result within ${(tookMs / 1000).toFixed(1)} s`) : { ran: { name, result, tookMs } };
  } catch (error) {
    return leaveOut(`it failed: ${printable(error instanceof Error ? error.message : String(error), 200)}`);
  } finally {
    ended = true;
    clearTimeout(timer);
    own.abort();
  }
}
