import t from 'tap';
import { next, type BackendState, type State } from '#vitald/health/state.js';
import type { OutcomeKind } from '#vitald/health/reasons.js';
import { conformanceCases } from '../support/conformance.js';

interface Case {
  name: string;
  rise: number;
  fall: number;
  start: string;
  initial_passes?: number;
  initial_fails?: number;
  in: string;
  out: string;
}

const cases = conformanceCases<Case>('thresholds');
const stateOf: Record<string, State> = { N: 'initial', H: 'healthy', U: 'unhealthy' };
const letterOf: Record<State, string> = { initial: 'N', healthy: 'H', unhealthy: 'U', disabled: 'D' };
const outcomeOf: Record<string, OutcomeKind> = { P: 'pass', F: 'fail', I: 'indeterminate' };

for (const c of cases) {
  t.test(`thresholds: ${c.name}`, async (t) => {
    const backend: BackendState = { state: stateOf[c.start]!, runOutcome: 'pass', runLength: 0 };
    const thresholds = { healthy: c.rise, unhealthy: c.fall, initialPasses: c.initial_passes ?? c.rise };
    const seen = [...c.in].map((letter) => {
      next(backend, outcomeOf[letter]!, thresholds);
      return letterOf[backend.state];
    });
    t.equal(seen.join(''), c.out);
  });
}

t.test('a transition is unchanged, pending or changed', async (t) => {
  const backend: BackendState = { state: 'healthy', runOutcome: 'pass', runLength: 5 };
  const thresholds = { healthy: 2, unhealthy: 2, initialPasses: 1 };
  t.equal(next(backend, 'pass', thresholds), 'unchanged', 'a pass agrees with healthy');
  t.equal(next(backend, 'fail', thresholds), 'pending', 'a first failure speaks against it');
  t.equal(next(backend, 'indeterminate', thresholds), 'unchanged', 'the checker’s own fault says nothing');
  t.equal(next(backend, 'fail', thresholds), 'changed', 'the second failure in a row decides');
  t.same(backend, { state: 'unhealthy', runOutcome: 'fail', runLength: 2 });
});

t.test('a disabled backend has no verdict', async (t) => {
  const backend: BackendState = { state: 'disabled', runOutcome: 'pass', runLength: 0 };
  t.equal(next(backend, 'fail', { healthy: 1, unhealthy: 1, initialPasses: 1 }), 'unchanged');
  t.equal(backend.state, 'disabled');
});
