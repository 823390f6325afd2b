/** One probe outside the engine: for the command line, and for whoever else asks once. */
import { outcomeOf, type OutcomeKind, type Reason } from '../health/reasons.js';
import type { CheckSettings, Family, Probe, ProbeContext } from './probe.js';

export interface Outcome {
  readonly kind: OutcomeKind;
  readonly reason: Reason;
  readonly detail: string;
  /** NaN where there was no answer. */
  readonly rttMs: number;
  /** How it was made: syn, connect, echo, datagram, request. */
  readonly method: string;
}

export interface OneShotTarget {
  readonly address: string;
  readonly family: Family;
  readonly port: number;
}

/**
 * Probes once and frees all that it opened.
 *
 * @param create makes the probe, for example a registered kind's `create`
 * @returns how it ended; `checker_permission` with the probe's own sentence where this machine cannot make it
 */
export function probeOnce(create: (context: ProbeContext) => Probe, settings: CheckSettings, where: OneShotTarget): Promise<Outcome> {
  return new Promise((resolve) => {
    let timer: NodeJS.Timeout | undefined;
    const probe = create({
      now: () => performance.now(),
      arm: (_slot, atMs) => {
        clearTimeout(timer);
        // Answers that have arrived are read before the timer is judged.
        timer = setTimeout(() => setImmediate(() => (probe.drain?.(), probe.onTimer(target))), Math.max(0, atMs - performance.now()));
      },
      disarm: () => {
        clearTimeout(timer);
      },
    });
    const compiled = probe.compile(settings);
    const target = { slot: 0, ...where, compiled };
    const { method, error } = probe.ready(compiled);
    const end = (reason: Reason, rttMs: number, detail: string): void => {
      clearTimeout(timer);
      // Not at once: done may be called from within start.
      setImmediate(() => {
        probe.close();
      });
      resolve({ kind: outcomeOf(reason), reason, detail, rttMs, method });
    };
    if (error !== undefined) end('checker_permission', NaN, error);
    else probe.start(target, performance.now() + settings.timeoutMs, (_target, reason, rttMs, detail) => end(reason, rttMs, detail));
  });
}
