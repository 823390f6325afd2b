/**
 * What half-open TCP and ping have in common: one packet out over a raw socket, repeated while it is unanswered, and
 * one reply that claims the probe by its secret.
 */
import type { Reason } from '../../health/reasons.js';
import type { CheckSettings, Done, Family, Probe, ProbeContext, Readiness, Target } from '../probe.js';
import { canonicalAddress, ipv4Number } from './addresses.js';
import type { RawChannel, SendResult } from './channel.js';
import { Flights } from './flights.js';
import { RawUnavailable } from './native.js';
import { unreachable } from './unreachable.js';

/** What a listener's settings become for a raw probe. */
export interface RawSettings {
  readonly method: string;
  readonly source: string | undefined;
  readonly interface: string | undefined;
  /** The detail of a probe that nobody answered. */
  readonly silentDetail: string;
}

/** What is worth keeping of a target between its probes, by slot. */
export interface Destination<S extends RawSettings> {
  readonly target: Target<S>;
  /** IPv4 address as a number; 0 for IPv6. */
  readonly number: number;
  /** The address in the kernel's own spelling. */
  readonly text: string;
  /** IPv4 address that the kernel sends from; unknown before the first packet. */
  source: number | undefined;
}

export abstract class RawProbe<S extends RawSettings> implements Probe<S> {
  protected readonly context: ProbeContext;
  readonly #flights = new Flights<Target<S>>();
  readonly #destinations: (Destination<S> | undefined)[] = [];

  constructor(context: ProbeContext) {
    this.context = context;
  }

  abstract compile(settings: CheckSettings): S;

  abstract drain(): void;

  /** The reason of a probe that nobody answered. */
  protected abstract readonly silentReason: Reason;

  /** The socket that this target's packets leave by, or why there is none. */
  protected abstract channel(family: Family, settings: S): RawChannel | RawUnavailable;

  /** Writes and sends one packet that carries the secret. */
  protected abstract write(destination: Destination<S>, secret: number, channel: RawChannel): SendResult;

  protected abstract closeChannels(): void;

  ready(compiled: S): Readiness {
    const channel = this.channel(compiled.source?.includes(':') === true ? 6 : 4, compiled);
    return channel instanceof RawUnavailable ? { method: compiled.method, error: channel.message } : { method: compiled.method };
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
      this.#destination(target).source = undefined;
      this.#send(target, now);
    } else if (this.#flights.packets(slot) === 0) {
      this.#finish(target, 'checker_resources', NaN, 'the send buffer was full for the whole timeout');
    } else {
      this.#finish(target, this.silentReason, NaN, target.compiled.silentDetail);
    }
  }

  cancel(target: Target<S>): void {
    if (this.#flights.end(target.slot) !== undefined) this.context.disarm(target.slot);
  }

  close(): void {
    this.#flights.clear();
    this.closeChannels();
  }

  /** Where the probe with this secret went; undefined for a late, repeated, foreign or forged reply. */
  protected claimable(secret: number): Destination<S> | undefined {
    const target = this.#flights.bySecret(secret);
    return target === undefined ? undefined : this.#destination(target);
  }

  /** The reply came from where the probe went: the probe ends. */
  protected answered(destination: Destination<S>, reason: Reason, detail: string): void {
    const target = destination.target;
    this.#finish(target, reason, this.context.now() - this.#flights.startedAt(target.slot), detail);
  }

  /** An ICMP error about the probe: it ends where the code is a verdict. */
  protected refused(destination: Destination<S>, code: number): void {
    const verdict = unreachable(destination.target.family, code);
    if (verdict !== undefined) this.answered(destination, verdict.reason, verdict.detail);
  }

  /** Sends one packet and arms the timer for what comes next. */
  #send(target: Target<S>, now: number): void {
    const slot = target.slot;
    const channel = this.channel(target.family, target.compiled);
    if (channel instanceof RawUnavailable) {
      this.#finish(target, 'checker_permission', NaN, channel.message);
      return;
    }
    const result = this.write(this.#destination(target), this.#flights.secret(slot), channel);
    if (result === 'sent') this.#flights.countPacket(slot);
    else if (result !== 'busy') {
      const { reason, detail } = refusedToSend[result];
      this.#finish(target, reason, NaN, detail);
      return;
    }
    this.context.arm(slot, this.#flights.nextTimer(slot, now));
  }

  #destination(target: Target<S>): Destination<S> {
    const known = this.#destinations[target.slot];
    if (known?.target === target) return known;
    const destination: Destination<S> = {
      target,
      number: target.family === 4 ? ipv4Number(target.address) : 0,
      text: canonicalAddress(target.address),
      source: undefined,
    };
    // Without holes: an array with holes is a slow hash table.
    while (this.#destinations.length <= target.slot) this.#destinations.push(undefined);
    this.#destinations[target.slot] = destination;
    return destination;
  }

  #finish(target: Target<S>, reason: Reason, rttMs: number, detail: string): void {
    const done = this.#flights.end(target.slot);
    if (done === undefined) return;
    this.context.disarm(target.slot);
    done(target, reason, rttMs, detail);
  }
}

const refusedToSend = {
  not_permitted: { reason: 'checker_permission', detail: 'this machine’s own firewall or policy forbids to send the packet' },
  net_unreachable: { reason: 'net_unreachable', detail: 'this machine has no route to the address' },
  host_unreachable: { reason: 'host_unreachable', detail: 'this machine’s kernel cannot reach the address' },
  failed: { reason: 'checker_resources', detail: 'the kernel could not send the packet' },
} as const satisfies Record<Exclude<SendResult, 'sent' | 'busy'>, { reason: Reason; detail: string }>;

/** fe80::1%eth0 → fe80::1 */
export function withoutZone(address: string): string {
  const zone = address.indexOf('%');
  return zone === -1 ? address : address.slice(0, zone);
}
