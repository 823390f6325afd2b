/**
 * What half-open TCP and ping have in common: one packet out over a raw socket, repeated while it is unanswered, and
 * one reply that claims the probe by its secret.
 */
import type { Reason } from '../../health/reasons.js';
import { ownErrors } from '../own-errors.js';
import type { CheckSettings, Done, Family, Probe, ProbeContext, Readiness, Target } from '../probe.js';
import type { SendFailure } from './channel.js';
import { Destinations, type Way } from './destinations.js';
import { Flights } from './flights.js';
import { type RawUnavailable } from './native.js';
import { unreachable } from './unreachable.js';

/** What a listener's settings become for a raw probe. */
export interface RawSettings {
  readonly method: string;
  readonly source: string | undefined;
  readonly interface: string | undefined;
  /** The detail of a probe that nobody answered. */
  readonly silentDetail: string;
}

/** Why nothing can be sent to a destination now. */
export interface NoWay {
  readonly reason: Reason;
  readonly detail: string;
}

export abstract class RawProbe<S extends RawSettings> implements Probe<S> {
  protected readonly context: ProbeContext;
  readonly #flights = new Flights<Target<S>>();
  /** Of the machine's network, when the ways to targets were found. */
  #networkGeneration: number;
  protected readonly destinations = new Destinations();

  constructor(context: ProbeContext) {
    this.context = context;
    this.#networkGeneration = context.network.generation;
  }

  abstract compile(settings: CheckSettings): S;

  abstract drain(): number;

  /** Whether the kernel dropped an answer after that time, because this process did not read fast enough. */
  protected abstract lostAnswersSince(sinceMs: number): boolean;

  /** The reason of a probe that nobody answered. */
  protected abstract readonly silentReason: Reason;

  /** The socket that this target's packets leave by, or why there is none. */
  protected abstract findWay(target: Target<S>): Way | NoWay;

  /** Why this process may open no socket for these probes; undefined when it may. */
  protected abstract problem(family: Family): RawUnavailable | undefined;

  /** Addresses or interfaces of this machine have changed: sockets that were bound to those that are gone are closed. */
  protected abstract networkChanged(): void;

  /** Writes one packet that carries the secret, and hands it to the channel. */
  protected abstract write(target: Target<S>, secret: number, way: Way): void;

  protected abstract closeChannels(): void;

  ready(compiled: S): Readiness {
    const problem = this.problem(compiled.source?.includes(':') === true ? 6 : 4);
    return problem === undefined ? { method: compiled.method } : { method: compiled.method, error: problem.message };
  }

  start(target: Target<S>, deadlineMs: number, done: Done): void {
    const now = this.context.now();
    this.#flights.begin(target, now, deadlineMs, done);
    this.#send(target);
  }

  onTimer(target: Target<S>, readToMs: number): void {
    const slot = target.slot;
    if (!this.#flights.has(slot)) return;
    if (this.#flights.awaitsRepeat(slot)) this.#repeat(target);
    else if (readToMs < this.#flights.deadline(slot)) this.context.arm(slot, this.#flights.deadline(slot));
    else this.#endBySilence(target);
  }

  #repeat(target: Target<S>): void {
    const now = this.context.now();
    if (!this.#flights.repeat(target.slot, now)) {
      this.#finish(target, 'checker_late', NaN, 'this checker was held up for longer than it can give back');
      return;
    }
    // The route may have changed since: a stale source address would make a wrong checksum, and silence.
    this.destinations.setWay(target, undefined);
    this.#send(target);
  }

  /** All that had arrived by the deadline was read, and the backend had its full time. */
  #endBySilence(target: Target<S>): void {
    if (this.#flights.packets(target.slot) === 0) {
      this.#finish(target, 'checker_resources', NaN, 'the send buffer was full for the whole timeout');
    } else if (this.lostAnswersSince(this.#flights.startedAt(target.slot))) {
      this.#finish(target, 'checker_late', NaN, 'answers were lost here: the receive buffer of this checker overflowed');
    } else {
      this.#finish(target, this.silentReason, NaN, target.compiled.silentDetail);
    }
  }

  cancel(target: Target<S>): void {
    if (this.#flights.end(target.slot) !== undefined) this.context.disarm(target.slot);
    this.destinations.forget(target);
  }

  close(): void {
    this.#flights.clear();
    this.closeChannels();
  }

  /** Where the probe with this secret went; undefined for a late, repeated, foreign or forged reply. */
  protected claimable(secret: number): Target<S> | undefined {
    return this.#flights.bySecret(secret);
  }

  /** The reply came from where the probe went: the probe ends. @param ageMs how long ago the reply arrived */
  protected answered(target: Target<S>, reason: Reason, detail: string, ageMs: number): void {
    const { slot } = target;
    // By the time of arrival: a checker that reads late makes no backend look slow, and none look punctual.
    const arrivedAt = this.context.now() - ageMs;
    if (arrivedAt > this.#flights.deadline(slot) && !this.#flights.awaitsRepeat(slot)) this.#endBySilence(target);
    else this.#finish(target, reason, Math.max(arrivedAt - this.#flights.startedAt(slot), 0), detail);
  }

  /**
   * An ICMP error about the probe: it ends if the code is a verdict.
   *
   * @param sender the address of the host that sent the error, 4 or 16 bytes
   * @param ageMs how long ago the error arrived
   */
  protected refused(target: Target<S>, code: number, sender: Uint8Array, ageMs: number): void {
    const verdict = unreachable(target.family, code);
    if (verdict === undefined) return;
    this.context.icmp.heard(target, verdict.reason, verdict.detail, Buffer.from(sender).toString('hex'));
    this.answered(target, verdict.reason, verdict.detail, ageMs);
  }

  /** A packet did not leave: the probe ends, unless that may pass. For the channels. */
  protected readonly unsent = (secret: number, why: SendFailure): void => {
    const target = this.claimable(secret);
    if (target === undefined) return;
    this.destinations.setWay(target, undefined);
    if (why === 'busy') this.#flights.uncountPacket(target.slot);
    else this.#finish(target, refusedToSend[why].reason, NaN, refusedToSend[why].detail);
  };

  /** Sends one packet and arms the timer for what comes next. */
  #send(target: Target<S>): void {
    const slot = target.slot;
    if (this.context.network.generation !== this.#networkGeneration) this.#followNetwork();
    const known = this.destinations.way(target);
    const way = known ?? this.findWay(target);
    if ('reason' in way) {
      this.#finish(target, way.reason, NaN, way.detail);
      return;
    }
    if (known === undefined) this.destinations.setWay(target, way);
    this.#flights.countPacket(slot);
    this.context.arm(slot, this.#flights.nextTimer(slot));
    this.write(target, this.#flights.secret(slot), way);
  }

  #followNetwork(): void {
    this.#networkGeneration = this.context.network.generation;
    this.destinations.forgetWays();
    this.networkChanged();
  }

  #finish(target: Target<S>, reason: Reason, rttMs: number, detail: string): void {
    const done = this.#flights.end(target.slot);
    if (done === undefined) return;
    this.context.disarm(target.slot);
    done(target, reason, rttMs, detail);
  }
}

/** Where the kernel knows no way. */
export const noRoute: NoWay = { reason: 'net_unreachable', detail: 'this machine has no route to the address' };

/** How a probe ends whose packet could not be sent; the same as for the other kinds (own-errors.ts). */
export const refusedToSend = {
  not_permitted: ownErrors.EPERM,
  prohibited: ownErrors.EACCES,
  blackholed: ownErrors.EINVAL,
  net_unreachable: noRoute,
  host_unreachable: { reason: 'host_unreachable', detail: 'this machine’s kernel cannot reach the address' },
  source_missing: {
    reason: 'checker_source_missing',
    detail: 'this machine has no address or interface to send from: it was removed, or the IP version is disabled',
  },
  failed: { reason: 'checker_resources', detail: 'the kernel could not send the packet' },
} as const satisfies Record<Exclude<SendFailure, 'busy'>, NoWay>;
