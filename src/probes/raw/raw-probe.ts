/**
 * What half-open TCP and ping have in common: one packet out over a raw socket, repeated while it is unanswered, and
 * one reply that claims the probe by its secret.
 */
import type { Reason } from '../../health/reasons.js';
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
  protected readonly destinations = new Destinations();

  constructor(context: ProbeContext) {
    this.context = context;
  }

  abstract compile(settings: CheckSettings): S;

  abstract drain(): void;

  /** The reason of a probe that nobody answered. */
  protected abstract readonly silentReason: Reason;

  /** The socket that this target's packets leave by, or why there is none. */
  protected abstract findWay(target: Target<S>): Way | NoWay;

  /** Why no socket can be opened for these settings; undefined where one can. */
  protected abstract problem(family: Family, settings: S): RawUnavailable | undefined;

  /** Writes one packet that carries the secret, and hands it to the channel. */
  protected abstract write(target: Target<S>, secret: number, way: Way): void;

  protected abstract closeChannels(): void;

  ready(compiled: S): Readiness {
    const problem = this.problem(compiled.source?.includes(':') === true ? 6 : 4, compiled);
    return problem === undefined ? { method: compiled.method } : { method: compiled.method, error: problem.message };
  }

  start(target: Target<S>, deadlineMs: number, done: Done): void {
    const now = this.context.now();
    this.#flights.begin(target, now, deadlineMs, done);
    this.#send(target, now);
  }

  onTimer(target: Target<S>): void {
    const slot = target.slot;
    if (!this.#flights.has(slot)) return;
    const now = this.context.now();
    if (now < this.#flights.deadline(slot)) {
      // The route may have changed since: a stale source address would make a wrong checksum, and silence.
      this.destinations.setWay(target, undefined);
      this.#send(target, now);
    } else if (this.#flights.packets(slot) === 0) {
      this.#finish(target, 'checker_resources', NaN, 'the send buffer was full for the whole timeout');
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

  /** The reply came from where the probe went: the probe ends. */
  protected answered(target: Target<S>, reason: Reason, detail: string): void {
    this.#finish(target, reason, this.context.now() - this.#flights.startedAt(target.slot), detail);
  }

  /** An ICMP error about the probe: it ends where the code is a verdict. */
  protected refused(target: Target<S>, code: number): void {
    const verdict = unreachable(target.family, code);
    if (verdict !== undefined) this.answered(target, verdict.reason, verdict.detail);
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
  #send(target: Target<S>, now: number): void {
    const slot = target.slot;
    const known = this.destinations.way(target);
    const way = known ?? this.findWay(target);
    if ('reason' in way) {
      this.#finish(target, way.reason, NaN, way.detail);
      return;
    }
    if (known === undefined) this.destinations.setWay(target, way);
    this.#flights.countPacket(slot);
    this.context.arm(slot, this.#flights.nextTimer(slot, now));
    this.write(target, this.#flights.secret(slot), way);
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

const refusedToSend = {
  not_permitted: { reason: 'checker_permission', detail: 'this machine’s own firewall or policy forbids to send the packet' },
  net_unreachable: noRoute,
  host_unreachable: { reason: 'host_unreachable', detail: 'this machine’s kernel cannot reach the address' },
  failed: { reason: 'checker_resources', detail: 'the kernel could not send the packet' },
} as const satisfies Record<Exclude<SendFailure, 'busy'>, NoWay>;
