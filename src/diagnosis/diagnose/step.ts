/** The parts that a diagnosis is made of: steps, which find facts, and rules, which conclude from them. */
import type { FindingCode } from '../finding-table.js';
import type { Certainty, Evidence } from '../report.js';
import type { Facts } from './facts.js';
import type { Subject } from './subject.js';

export interface StepContext {
  readonly subject: Subject;
  readonly facts: Facts;
  /** Ends all waiting: the step's own time is over, the diagnosis is (15 s), or the caller gave up. */
  readonly signal: AbortSignal;
}

/** Changes one thing against the failing check, and looks at what that changes. Sends a dozen packets at most. */
export interface Step {
  /** For people: what is tried. */
  readonly name: string;
  /** How long it may take; a few seconds by default. */
  readonly limitMs?: number;
  /**
   * Why there is nothing to gain by it here (another kind of check, an answer that says it all); undefined: it runs. The
   * report does not speak of such a step.
   */
  leaveOut?(context: StepContext): string | undefined;
  /**
   * Writes what it found into the facts. Returns it in a few words for people. What it throws becomes the reason why
   * the report says that it was left out.
   */
  run(context: StepContext): Promise<string>;
}

/** Steps that run side by side: none reads what another of them finds. */
export type Stage = readonly Step[];

/** A finding before the table has added its texts. */
export interface Conclusion {
  readonly code: FindingCode;
  readonly certainty: Certainty;
  /** One sentence with the figures of this case. */
  readonly summary: string;
  readonly evidence: readonly Evidence[];
  /** The lines of the configuration as they should be. */
  readonly yaml?: string;
  /** More for this case than the table's remedy says. */
  readonly advice?: string;
}

/**
 * Looks at the facts and says what they mean. Pure. Several rules may speak; findings are ordered by certainty, then by
 * the order of the rules. A rule speaks `certain` only where nothing else explains the facts.
 */
export type Rule = (subject: Subject, facts: Facts) => readonly Conclusion[];
