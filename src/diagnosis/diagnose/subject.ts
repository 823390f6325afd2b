/** What is diagnosed: one backend, and the check that is made of it. */
import type { CheckPlan } from '../../config/plan.js';
import type { Family } from '../../probes/probe.js';

export interface Subject {
  /** Undefined for a URL of the command line. */
  readonly listener: string | undefined;
  readonly backend: string | undefined;
  readonly address: string;
  readonly family: Family;
  /** Port of the service. */
  readonly port: number;
  /** Port that the check goes to; the same as `port` unless the check names its own. */
  readonly checkPort: number;
  /** The effective check: kind, timeout, source, interface, options. */
  readonly check: CheckPlan;
}
