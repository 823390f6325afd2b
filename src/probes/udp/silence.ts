/**
 * What the silence of a UDP port says. Without `udp.expect` it is a pass, but only if "port unreachable" could have
 * come:
 *
 *   the host, or the router to it, does not answer ARP or neighbor discovery     host_unreachable
 *   an error is believed, and this silence does not contradict it (memory.ts)    its reason
 *   the host could not send an error, and the port was not silent before when it could    icmp_limited
 *   otherwise                                                                    ok
 *
 * Of the last two: a port that was silent when it could have been refused is open until it is refused.
 */
import type { NextHop } from '../../network/local-network.js';
import { someTimeAgo, type IcmpErrors } from '../icmp-errors.js';
import type { Target } from '../probe.js';
import { addressKey, addressOfKey } from '../raw/addresses.js';
import type { UdpEnding } from './error-reason.js';
import type { Flight } from './flight.js';
import { longestDoubtMs, type ErrorMemory } from './memory.js';

const pass: UdpEnding = { reason: 'ok', detail: 'silence, and no “port unreachable”' };
const doubtedPass: UdpEnding = { reason: 'ok', detail: 'silence, while ICMP errors of the host went to other probes' };
const limited: UdpEnding = {
  reason: 'icmp_limited',
  detail: 'silence, but the host may have had no ICMP error left: it sent some to other probes',
};

/** How a probe ends whose next hop does not answer; undefined where it does, or nothing is known of it. */
export function unresolved(target: Target, hop: NextHop | undefined): UdpEnding | undefined {
  if (hop === undefined || hop.neighbor === 'other') return undefined;
  const who = hop.router === undefined ? 'the host' : `the router ${addressOfKey(hop.router)}`;
  const protocol = (hop.router ?? addressKey(target.address)).length === 8 ? 'ARP' : 'neighbor discovery';
  return { reason: 'host_unreachable', detail: `${who} does not answer ${protocol}` };
}

export class SilenceJudge {
  readonly #icmp: IcmpErrors;
  readonly #memory: ErrorMemory;
  /** When a target was last silent although its host could have refused it, by slot; monotonic ms, NaN for never since its last error. */
  #openAt = new Float64Array(0);
  /** Since when the silence of others is doubted, by slot; monotonic ms. */
  readonly #doubtedSince = new Map<number, number>();

  constructor(icmp: IcmpErrors, memory: ErrorMemory) {
    this.#icmp = icmp;
    this.#memory = memory;
  }

  /** Whether there are targets of which nothing is known until their host can send an error. */
  get hasDoubts(): boolean {
    return this.#doubtedSince.size > 0;
  }

  /** A datagram leaves now. */
  sending(flight: Flight): void {
    flight.couldBeRefused = this.#icmp.allowance.isQuiet(this.#senderOf(flight), flight.lastSentMs);
  }

  /**
   * The next datagram, or the deadline, is due, and the last datagram is unanswered.
   *
   * @param heldUpMs how long the checker was held up since that left: errors to others may have been read later by as much
   */
  unanswered(flight: Flight, heldUpMs: number): void {
    if (!flight.couldBeRefused) return;
    flight.couldBeRefused = false;
    if (!this.#icmp.allowance.wasTaken(this.#senderOf(flight), flight.lastSentMs, heldUpMs)) flight.isTelling = true;
  }

  /**
   * How a probe without `udp.expect` ends to which nothing came back by its deadline.
   *
   * @param hop undefined where it is not known
   */
  ending(flight: Flight, hop: NextHop | undefined, nowMs: number): UdpEnding {
    const { target, lastSentMs } = flight;
    if (hop?.router !== undefined && !this.#icmp.allowance.isQuiet(hop.router, lastSentMs)) flight.isTelling = false;
    flight.isJudged = this.#memory.isLongEnough(target, nowMs - lastSentMs);
    const believed = flight.isJudged ? this.#memory.silence(target, lastSentMs, flight.isTelling) : this.#memory.believed(target);
    if (believed !== undefined) return { reason: believed.reason, detail: someTimeAgo(believed.detail, nowMs - believed.heardAtMs) };
    return this.#unrefused(flight, nowMs);
  }

  /** The probe ended at its deadline, and no late error has come since. */
  noLateError({ target, lastSentMs, isRefused, isJudged, isTelling }: Flight): void {
    if (!isRefused && !isJudged) this.#memory.silence(target, lastSentMs, isTelling);
  }

  /** An error was heard. */
  refused({ slot }: Target): void {
    if (slot < this.#openAt.length) this.#openAt[slot] = NaN;
    this.#doubtedSince.delete(slot);
  }

  /** The target has answered. */
  answered({ slot }: Target, nowMs: number): void {
    this.#isOpen(slot, nowMs);
  }

  /** The target is no longer probed. */
  forget(target: Target): void {
    this.refused(target);
  }

  #unrefused({ target, lastSentMs, isTelling }: Flight, nowMs: number): UdpEnding {
    const { slot } = target;
    if (isTelling) this.#isOpen(slot, lastSentMs);
    if (isTelling || this.#wasOpen(target)) return pass;
    const sinceMs = this.#doubtedSince.get(slot) ?? nowMs;
    this.#doubtedSince.set(slot, sinceMs);
    return nowMs - sinceMs < longestDoubtMs ? limited : doubtedPass;
  }

  #wasOpen({ slot, address }: Target): boolean {
    const openAtMs = this.#openAt[slot] ?? NaN;
    return !Number.isNaN(openAtMs) && !this.#icmp.allowance.mayHaveBeenEmpty(addressKey(address), openAtMs);
  }

  #isOpen(slot: number, atMs: number): void {
    if (slot >= this.#openAt.length) {
      const larger = new Float64Array(Math.max(slot + 1, 64, this.#openAt.length * 2)).fill(NaN);
      larger.set(this.#openAt);
      this.#openAt = larger;
    }
    this.#openAt[slot] = atMs;
    this.#doubtedSince.delete(slot);
  }

  /** Who would send the error: who did before, or the host itself. */
  #senderOf({ target }: Flight): string {
    if (this.#icmp.allowance.size === 0) return '';
    return this.#memory.believed(target)?.sender ?? addressKey(target.address);
  }
}
