/**
 * The report of a diagnosis: one shape for `diagnose` and `doctor`, for text and JSON. docs/api.md documents the JSON.
 */
import type { FindingCode } from './finding-table.js';
import type { FaultAt } from './findings/finding.js';

/** How sure a finding is. `certain`: nothing else explains the evidence. */
export type Certainty = 'certain' | 'likely' | 'possible';

/** One thing that was tried or looked at, and what came of it. */
export interface Evidence {
  readonly sent: string;
  readonly got: string;
  /** Wall-clock ms since the epoch. */
  readonly at: number;
}

export interface Remedy {
  readonly text: string;
  /** Commands to run on the backend, or where `text` says. */
  readonly linux: readonly string[];
  readonly windows: readonly string[];
  /** The lines of the configuration as they should be; undefined where the configuration is not at fault. */
  readonly yaml?: string;
}

export interface Finding {
  readonly code: FindingCode;
  readonly certainty: Certainty;
  readonly at: FaultAt;
  /** One sentence with the figures of this case. */
  readonly summary: string;
  readonly evidence: readonly Evidence[];
  readonly remedy: Remedy;
}

export interface StepReport {
  readonly name: string;
  readonly result: string;
  readonly tookMs: number;
}

export interface LeftOut {
  readonly name: string;
  readonly why: string;
}

export interface ReportTarget {
  readonly listener?: string;
  readonly backend?: string;
  readonly address: string;
  readonly port: number;
  readonly type: string;
}

export interface Report {
  readonly target: ReportTarget;
  /** Whether the check passes now; `unknown` where it could not be made. */
  readonly verdict: 'healthy' | 'unhealthy' | 'unknown';
  /** One sentence: the cause, or that nothing is wrong. */
  readonly summary: string;
  /** The true cause first. */
  readonly findings: readonly Finding[];
  readonly steps: readonly StepReport[];
  readonly leftOut: readonly LeftOut[];
}
