/** One probe outside the engine: for the command line, and for whoever else asks once. */
import { outcomeOf, type OutcomeKind, type Reason } from '../health/reasons.js';
import { realClock, type Cancel } from '../schedule/clock.js';
import { momentaryNetwork } from '../network/momentary-network.js';
import { IcmpErrors } from './icmp-errors.js';
import type { CheckSettings, Family, Probe, ProbeContext } from './probe.js';
import { Punctuality } from './punctuality.js';

export interface Outcome {
  readonly kind: OutcomeKind;
  readonly reason: Reason;
  readonly detail: string;
  /** NaN where there was no answer. */
  readonly rttMs: number;
  /** How it was made: syn, connect, echo, datagram, request. */
  readonly method: string;
  /** The longest time that this process was held up meanwhile, ms. */
  readonly heldUpMs?: number;
}

export interface OneShotTarget {
  readonly address: string;
  readonly family: Family;
  readonly port: number;
}

/** What one-shot probes of one command share: what hosts can still send of ICMP errors. */
export function oneShotErrors(): IcmpErrors {
  return new IcmpErrors(
    () => performance.now(),
    (key) => momentaryNetwork.isOwn(key),
  );
}

/**
 * Probes once and frees all that it opened.
 *
 * @param create makes the probe, for example a registered kind's `create`
 * @param icmp shared with earlier probes of the same hosts
 * @returns how it ended; `checker_permission` with the probe's own sentence where this machine cannot make it
 */
export function probeOnce(
  create: (context: ProbeContext) => Probe,
  settings: CheckSettings,
  where: OneShotTarget,
  icmp = oneShotErrors(),
): Promise<Outcome> {
  return new Promise((resolve) => {
    let cancelTimer: Cancel = () => undefined;
    const startedAt = performance.now();
    const punctuality = new Punctuality();
    const probe = create({
      now: () => performance.now(),
      heldUpMs: (sinceMs) => punctuality.heldUpMs(sinceMs),
      network: momentaryNetwork,
      icmp,
      arm: (_slot, atMs) => {
        cancelTimer();
        cancelTimer = realClock.after(atMs - performance.now(), (readToMs) =>
          probe.onTimer(target, Math.min(readToMs, probe.drain?.() ?? Infinity)),
        );
      },
      disarm: () => cancelTimer(),
    });
    const compiled = probe.compile(settings);
    const target = { slot: 0, ...where, compiled };
    const { method, error } = probe.ready(compiled);
    const end = (reason: Reason, rttMs: number, detail: string): void => {
      cancelTimer();
      const heldUpMs = punctuality.heldUpMs(startedAt);
      punctuality.stop();
      // Not at once: done may be called from within start.
      setImmediate(() => {
        probe.close();
      });
      resolve({ kind: outcomeOf(reason), reason, detail, rttMs, method, heldUpMs });
    };
    if (error !== undefined) end('checker_permission', NaN, error);
    else probe.start(target, performance.now() + settings.timeoutMs, (_target, reason, rttMs, detail) => end(reason, rttMs, detail));
  });
}
