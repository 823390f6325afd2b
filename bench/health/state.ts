/** The verdict. */
import type { OutcomeKind } from '#vitald/health/reasons.js';
import { next, type BackendState } from '#vitald/health/state.js';
import type { Finding } from '../report/measurement.js';
import { timing } from '../support/timing.js';

const backends = 10_000;
const thresholds = { healthy: 2, unhealthy: 3, initialPasses: 1 };

export function stateBench(): Finding[] {
  const all = Array.from({ length: backends }, (): BackendState => ({ state: 'initial', runOutcome: 'pass', runLength: 0 }));
  const outcomes: readonly OutcomeKind[] = ['pass', 'pass', 'pass', 'fail', 'pass', 'fail', 'fail', 'fail', 'indeterminate', 'pass'];
  return [
    timing('verdict: one outcome', backends * outcomes.length, () => {
      for (const outcome of outcomes) for (const backend of all) next(backend, outcome, thresholds);
    }),
  ];
}
