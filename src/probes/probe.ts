/**
 * The contract between the engine and every kind of probe.
 *
 * Callbacks, not promises: a promise and an AbortSignal for each probe cost as much as the probe itself.
 * The contract is tested over every registered kind in test/contracts/.
 */
import type { Reason } from '../health/reasons.js';
import type { LocalNetwork } from '../network/local-network.js';
import type { IcmpErrors } from './icmp-errors.js';
import type { Target } from './target.js';

export type { Family, Target } from './target.js';

/** The part of a listener's check that probes need. Plain data: it crosses threads. */
export interface CheckSettings {
  readonly timeoutMs: number;
  /** Address that probes leave from; undefined: the kernel chooses. */
  readonly source: string | undefined;
  /** Network interface that probes leave through. */
  readonly interface: string | undefined;
  /** The options of the kind, valid against its `optionsSchema`, defaults filled in. */
  readonly options: Readonly<Record<string, unknown>>;
}

/**
 * Called exactly once for each `start`, never from within `start`'s caller's `cancel`.
 *
 * @param rttMs from the first packet sent to the deciding answer; NaN where there was no answer
 * @param detail for people: what came back, against what was expected; '' where the reason says all.
 *   Use constant strings, or strings of few distinct values, on the hot path. Never raw bytes of a backend:
 *   pass those through `printable()`.
 */
export type Done = (target: Target, reason: Reason, rttMs: number, detail: string) => void;

/** What the engine lends to a probe. */
export interface ProbeContext {
  /** Monotonic time in ms (invariant 7). */
  now(): number;
  /**
   * The longest time that this process was held up without a pause since then: it was due to run and did not. A step of a
   * probe is late by that at most, because the process takes it as soon as it runs again (deadline.ts).
   *
   * @param sinceMs monotonic ms
   * @returns ms; 0 when the process was punctual
   */
  heldUpMs(sinceMs: number): number;
  /** This machine's addresses and interfaces, which sockets may be bound to. */
  readonly network: LocalNetwork;
  /** ICMP errors that probes of all kinds heard lately. A probe that an error refuses reports it here. */
  readonly icmp: IcmpErrors;
  /** Arms the one timer of a slot; `onTimer` is called when it is due. Arming again replaces the earlier time. */
  arm(slot: number, atMs: number): void;
  disarm(slot: number): void;
}

/** What a probe can do on this machine with these settings. */
export interface Readiness {
  /** How the check is made: `syn`, `connect`, `echo`, `datagram`, `request`. Shown in log and API. */
  readonly method: string;
  /** Something the operator should know, for the log: one sentence. */
  readonly warning?: string;
  /** Set when the check cannot be made as configured: one sentence that tells how to mend it. The daemon does not start. */
  readonly error?: string;
}

/** One kind of probe at work. One instance serves all targets of that kind. */
export interface Probe<Compiled = unknown> {
  /** Turns a listener's settings into what the hot path needs. Called once for each listener and plan. */
  compile(settings: CheckSettings): Compiled;
  /** Says how this machine would make these probes. May open sockets; called before the first `start`. */
  ready(compiled: Compiled): Readiness;
  /**
   * Starts a probe. `done` is called once, whatever the backend sends, at the latest when the deadline has passed. The
   * probe moves its deadline by what the checker itself was late with a step, at most by one more timeout (deadline.ts).
   * A check of two steps (`udp.ping_first`) gives each its whole timeout. `done` may be called before `start` returns. Never throws.
   */
  start(target: Target<Compiled>, deadlineMs: number, done: Done): void;
  /**
   * The timer that this probe armed for the target's slot is due: send again, or judge the deadline.
   *
   * @param readToMs what had arrived by then has been handed to the probe. A deadline after it is not judged yet: the
   *   probe arms its timer for it again.
   */
  onTimer(target: Target<Compiled>, readToMs: number): void;
  /**
   * Lets go of a target: gives up its probe, if one is in flight, without calling `done`, and frees all that is held
   * for it (a kept connection).
   */
  cancel(target: Target<Compiled>): void;
  /**
   * Reads answers that have already arrived, before timers are judged (invariant 1). Bounded work.
   *
   * @returns the time up to which all of them have been read, monotonic ms; Infinity when none are left
   */
  drain?(): number;
  /** Frees everything; no `done` is called afterwards. */
  close(): void;
}

/** A place in the configuration that a kind refuses. */
export interface OptionProblem {
  /** Path below `check`, for example ['tls', 'ca_file']. */
  readonly path: readonly (string | number)[];
  /** What was found, what is allowed. */
  readonly message: string;
}

/** A kind of probe as it is registered: everything that configuration, documentation and engine need to know. */
export interface ProbeKind<Name extends string = string> {
  readonly name: Name;
  /** One sentence for the documentation: what a pass means. */
  readonly summary: string;
  /** Whether the check addresses a port (ping does not). */
  readonly usesPort: boolean;
  /**
   * JSON Schema properties that this kind adds to `check`, with `description` and, where it is the same for all
   * profiles, `default`. A key may be shared between kinds; then its schema is the same object.
   */
  readonly optionsSchema: Readonly<Record<string, object>>;
  /** Checks that a schema cannot express. Reads files at most; called when the configuration is read. */
  validate?(options: Readonly<Record<string, unknown>>): OptionProblem[];
  /** The same options, with those values replaced that stand for others. Called after {@link validate} has passed them. */
  effective?(options: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>>;
  create(context: ProbeContext): Probe;
}
