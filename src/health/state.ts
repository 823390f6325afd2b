/**
 * The verdict: which state a backend is in after a sequence of outcomes.
 * Source: docs/semantics.md items 2–4; cases in test/conformance/thresholds.json.
 */
import type { OutcomeKind } from './reasons.js';

/** State of a backend, as the API names it. `disabled`: its listener does not check. */
export type State = 'initial' | 'healthy' | 'unhealthy' | 'disabled';

/** All states in a fixed order; a state's place is its code in the status table. */
export const states = ['initial', 'healthy', 'unhealthy', 'disabled'] as const satisfies readonly State[];

/** What the verdict remembers of one backend: its state, and its run, which is like outcomes in a row. */
export interface BackendState {
  state: State;
  runOutcome: 'pass' | 'fail';
  /** The last outcome included; 0: no conclusive outcome yet. */
  runLength: number;
}

export interface Thresholds {
  /** Passes in a row that make an unhealthy backend healthy. */
  readonly healthy: number;
  /** Failures in a row that make a healthy backend unhealthy, and settle an initial one as unhealthy. */
  readonly unhealthy: number;
  /** Passes in a row that settle an initial backend as healthy (Huawei: 1; Tencent: the healthy threshold). */
  readonly initialPasses: number;
}

/**
 * - `unchanged`: the state stays, and this outcome agrees with it or says nothing
 * - `pending`: the state stays, and this outcome speaks against it
 * - `changed`: the state is another now
 */
export type Transition = 'unchanged' | 'pending' | 'changed';

/** The longest run that is counted; beyond it only "at least so many" is known. */
const longestRun = 0xffff_ffff;

/**
 * Takes one outcome into account.
 *
 * @param backend changed in place, so that a probe costs no object (invariant 8)
 * @param outcome `indeterminate` neither counts nor resets a count
 * @param thresholds whole numbers from 1
 * @returns what became of the state
 */
export function next(backend: BackendState, outcome: OutcomeKind, thresholds: Thresholds): Transition {
  if (outcome === 'indeterminate' || backend.state === 'disabled') return 'unchanged';
  if (backend.runOutcome === outcome) {
    if (backend.runLength < longestRun) backend.runLength++;
  } else {
    backend.runOutcome = outcome;
    backend.runLength = 1;
  }
  const verdict: State = outcome === 'pass' ? 'healthy' : 'unhealthy';
  if (backend.state === verdict) return 'unchanged';
  if (backend.runLength < needed(backend.state, outcome, thresholds)) return 'pending';
  backend.state = verdict;
  return 'changed';
}

function needed(state: State, outcome: 'pass' | 'fail', thresholds: Thresholds): number {
  if (outcome === 'fail') return thresholds.unhealthy;
  return state === 'initial' ? thresholds.initialPasses : thresholds.healthy;
}
