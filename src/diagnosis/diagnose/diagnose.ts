/** Why is this backend unhealthy? Asked from the checker's side, within 15 s, with some dozens of packets. */
import { setMaxListeners } from 'node:events';
import type { LeftOut, Report, StepReport } from '../report.js';
import { checkItself } from './check-itself.js';
import { conclude, type Rules } from './conclude.js';
import type { Facts } from './facts.js';
import { networkRules, networkStages, networkTraps } from './network/index.js';
import { runStages } from './run-steps.js';
import { serviceRules, serviceSteps, trapRules } from './service/index.js';
import type { Rule, Stage } from './step.js';
import type { Subject } from './subject.js';

export interface DiagnoseOptions {
  /** Ends it early; the report then says what was left out. */
  readonly signal?: AbortSignal;
  /** Told of each step as it ends, for progress. */
  readonly onStep?: (step: StepReport | LeftOut) => void;
  /** What is tried and how it is judged; everything by default. */
  readonly stages?: readonly Stage[];
  readonly rules?: Rules;
}

const limitMs = 15_000;
/** Kept back for the verdict and whoever waits for it. */
const reserveMs = 500;

const [whatServiceSays, ...otherServiceSteps] = serviceSteps;

/**
 * The network is looked at while the check is made. The first question to the service may take long, and disturbs
 * nothing of the network's. The others come one after the other: two requests at once could be two clients too many.
 */
const allStages: readonly Stage[] = [
  [checkItself, ...networkStages[0]],
  [...networkStages[1], ...(whatServiceSays === undefined ? [] : [whatServiceSays])],
  ...otherServiceSteps.map((step) => [step]),
];

const allTraps: readonly Rule[] = [...networkTraps, ...trapRules];
const allRules: Rules = { causes: [...networkRules, ...serviceRules].filter((rule) => !allTraps.includes(rule)), traps: allTraps };

/**
 * Makes the check, changes one thing after the other against it, and concludes. Takes at most 15 s, changes nothing
 * on either side, and never rejects for what a backend or this machine does. Source: docs/semantics.md section 5.
 *
 * Raw sockets work on the main thread only: call it there.
 */
export async function diagnose(subject: Subject, options: DiagnoseOptions = {}): Promise<Report> {
  const { stages = allStages, rules = allRules, signal, onStep } = options;
  const over = AbortSignal.timeout(limitMs - reserveMs);
  const until = signal === undefined ? over : AbortSignal.any([signal, over]);
  // A dozen packets and pauses end with it at a time; Node.js takes more than ten for a leak.
  setMaxListeners(0, until);
  const facts: Facts = { network: {}, service: {} };
  const steps: StepReport[] = [];
  const leftOut: LeftOut[] = [];
  await runStages(stages, {
    subject,
    facts,
    signal: until,
    onResult(result) {
      if ('ran' in result) steps.push(result.ran);
      else leftOut.push(result.leftOut);
      onStep?.('ran' in result ? result.ran : result.leftOut);
    },
  });
  const { listener, backend, address, checkPort, check } = subject;
  return {
    target: {
      ...(listener !== undefined && { listener }),
      ...(backend !== undefined && { backend }),
      address,
      port: checkPort,
      type: check.type,
    },
    ...conclude(subject, facts, rules),
    steps,
    leftOut,
  };
}
