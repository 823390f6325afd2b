/**
 * Attacks: random inputs for one part of vitald, and what must hold for every one of them. The test suite runs a few
 * hundred inputs of each (test/fuzz), `npm run fuzz` as many as there is time for.
 *
 * The same seed gives the same inputs. A failure names its seed and its path, which leads to the smallest input that
 * still fails.
 */
import fc, { type Arbitrary } from 'fast-check';

/** How to try one attack. */
export interface Budget {
  readonly seed: number;
  /** Number of inputs. */
  readonly runs: number;
  /** Ends the attack earlier; monotonic ms, as `performance.now()` counts them. */
  readonly untilMs?: number;
  /** Path of a failure: tries only the inputs that lead to it. */
  readonly path?: string;
  /** Number of failures after which the rest is not tried; default: 5. */
  readonly mostFailures?: number;
}

export interface Failure {
  readonly seed: number;
  readonly path: string;
  readonly input: string;
  readonly error: string;
}

export interface Outcome {
  /** Number of inputs that were tried. */
  readonly runs: number;
  readonly failures: readonly Failure[];
}

export interface Attack {
  /** For `--only`. */
  readonly name: string;
  /** What holds, as a sentence: the name of the test. */
  readonly holds: string;
  /** Number of inputs in the suite, and in the long form. */
  readonly runs: { readonly suite: number; readonly long: number };
  attempt(budget: Budget): Promise<Outcome>;
}

/** A prepared attack: what is shared by all its inputs, such as a server. */
export interface Trial<Input> {
  /** @throws Error that says what did not hold */
  readonly check: (input: Input) => void | Promise<void>;
  readonly end?: () => void | Promise<void>;
}

export interface AttackDefinition<Input> extends Pick<Attack, 'name' | 'holds' | 'runs'> {
  readonly inputs: Arbitrary<Input>;
  /** How to write an input into a message; default: as fast-check does. */
  readonly show?: (input: Input) => string;
  readonly begin: () => Trial<Input> | Promise<Trial<Input>>;
}

/** Inputs of one call of fast-check. A batch that fails does not keep the next ones from being tried. */
const batchSize = 5000;

export function attack<Input>(definition: AttackDefinition<Input>): Attack {
  const { name, holds, runs } = definition;
  return {
    name,
    holds,
    runs,
    async attempt(budget) {
      const trial = await definition.begin();
      try {
        return await attemptAll(definition, trial, budget);
      } finally {
        await trial.end?.();
      }
    },
  };
}

async function attemptAll<Input>(definition: AttackDefinition<Input>, trial: Trial<Input>, budget: Budget): Promise<Outcome> {
  const { mostFailures = 5 } = budget;
  const failures: Failure[] = [];
  let runs = 0;
  // Batches differ by their seed; the first one has the seed that was asked for, so that a failure can be repeated alone.
  for (let seed = budget.seed; runs < budget.runs && failures.length < mostFailures; seed++) {
    const leftMs = (budget.untilMs ?? Infinity) - performance.now();
    if (leftMs <= 0) break;
    const batch = Math.min(batchSize, budget.runs - runs);
    const { runs: done, failure } = await attemptBatch(definition, trial, { ...budget, seed, runs: batch }, leftMs);
    runs += done;
    if (failure !== undefined) failures.push(failure);
    // Fewer without a failure: time is up. A path leads to one failure, and to no other.
    if ((failure === undefined && done < batch) || budget.path !== undefined) break;
  }
  return { runs, failures };
}

async function attemptBatch<Input>(
  { inputs, show = (input: Input): string => fc.stringify(input) }: AttackDefinition<Input>,
  { check }: Trial<Input>,
  { seed, runs, path }: Budget,
  leftMs: number,
): Promise<{ readonly runs: number; readonly failure?: Failure }> {
  const property = fc.asyncProperty(inputs, async (input) => {
    await check(input);
  });
  const details = await fc.check(property, {
    seed,
    numRuns: runs,
    ...(path !== undefined && { path }),
    ...(leftMs < Infinity && { interruptAfterTimeLimit: leftMs, markInterruptAsFailure: false }),
  });
  if (!details.failed) return { runs: details.numRuns };
  const [input] = details.counterexample ?? [];
  const { errorInstance } = details;
  return {
    runs: details.numRuns,
    failure: {
      seed: details.seed,
      path: details.counterexamplePath ?? '0',
      input: input === undefined ? '' : show(input),
      error: errorInstance instanceof Error ? (errorInstance.stack ?? errorInstance.message) : String(errorInstance),
    },
  };
}

/** How a failure is repeated. */
export function repeatCommand(name: string, { seed, path }: Failure): string {
  return `npm run fuzz -- --only ${name} --seed ${seed} --path ${path}`;
}

/** What a check throws: an error of its own, so that it is never taken for one of the product. */
export class NotHeld extends Error {
  override readonly name = 'NotHeld';
}

/** @throws NotHeld with what was found if a condition does not hold */
export function must(condition: boolean, what: string | (() => string)): asserts condition {
  if (!condition) throw new NotHeld(typeof what === 'string' ? what : what());
}
