/** Findings that several scenarios have in common. */
import type { Finding } from '../report/measurement.js';
import type { Window } from '../support/metrics.js';

/** @param targetMs what the p99 is to be at most */
export const startDelay = ({ startDelayP99Ms }: Window, targetMs: number): Finding => ({
  name: 'start delay of probes, p99 (upper bound of its bucket)',
  value: startDelayP99Ms,
  unit: 'ms',
  target: { atMost: targetMs },
});

export const falseTransitions = (value: number): Finding => ({ name: 'false transitions', value, unit: '', target: { atMost: 0 } });

export const spoiltProbes = ({ notPassed }: Window): Finding => ({ name: 'probes that did not pass', value: notPassed, unit: '' });
