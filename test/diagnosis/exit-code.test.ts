import t from 'tap';
import { exitCodeOf } from '#vitald/diagnosis/exit-code.js';
import { closedPort, headRefused, healthy, unhealthy } from '../support/reports.js';

t.test('0: nothing is wrong, warnings or not', async (t) => {
  t.equal(exitCodeOf(healthy), 0);
  t.equal(exitCodeOf({ ...healthy, findings: [headRefused] }), 0);
});

t.test('1: a cause was found, or an unhealthy backend is not explained', async (t) => {
  t.equal(exitCodeOf(unhealthy), 1);
  t.equal(exitCodeOf({ ...unhealthy, findings: [{ ...closedPort, code: 'unexplained' }] }), 1);
  t.equal(exitCodeOf({ ...unhealthy, verdict: 'unknown', findings: [{ ...closedPort, code: 'checker_source_missing' }] }), 1);
});

t.test('3: this machine does not permit to look', async (t) => {
  for (const code of ['unexplained', 'checker_cannot_send'] as const) {
    t.equal(exitCodeOf({ ...unhealthy, verdict: 'unknown', findings: [{ ...closedPort, code }] }), 3);
  }
  t.equal(exitCodeOf({ ...unhealthy, verdict: 'unknown', findings: [] }), 3);
});
