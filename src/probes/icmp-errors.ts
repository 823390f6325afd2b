/**
 * ICMP errors that probes heard lately, of every kind of probe: what they said of a target, and what their senders can
 * still send (icmp-allowance.ts).
 *
 * Firewalls, routers and hosts limit their errors. A backend that rejects probes therefore fails now with the error's
 * own reason, now by silence. As long as the error is recent, the detail of the silence repeats it, so that it can be
 * seen whichever probe came last. With fixed intervals the tokens may always go to the same few probes of a host: the
 * others repeat what those heard.
 */
import { evidenceOf, type Reason } from '../health/reasons.js';
import { IcmpAllowance } from './icmp-allowance.js';
import { addressKey } from './raw/addresses.js';
import type { Target } from './target.js';

/** An error explains silence for this long: long intervals have a few probes in it. */
const recentMs = 300_000;
/** Addresses are looked through for errors to forget whenever their number has doubled since. */
const fewestToSweep = 64;

interface RecentError {
  /** Of the target whose probe heard it. */
  readonly slot: number;
  readonly text: string;
  readonly atMs: number;
}

export class IcmpErrors {
  readonly allowance = new IcmpAllowance();
  readonly #now: () => number;
  readonly #isOwn: (key: string) => boolean;
  /** By slot; only of targets that were refused since they last passed. */
  readonly #ofTargets = new Map<number, RecentError>();
  /** By address: what may hold for all of its ports. */
  readonly #ofAddresses = new Map<string, RecentError>();
  #sweepAt = fewestToSweep;

  /**
   * @param now monotonic ms
   * @param isOwn whether an address is one of this machine, whose kernel does not limit errors to itself
   */
  constructor(now: () => number, isOwn: (key: string) => boolean) {
    this.#now = now;
    this.#isOwn = isOwn;
  }

  /** Addresses of which an error is kept. */
  get addresses(): number {
    return this.#ofAddresses.size;
  }

  /**
   * A probe of this target was refused by an ICMP error.
   *
   * @param text what the error says: `ICMP port unreachable`
   * @param sender the host that sent it, as `addressKey` spells it; undefined: the target itself, as far as is known
   */
  heard(target: Target, reason: Reason, text: string, sender: string = addressKey(target.address)): void {
    const error = { slot: target.slot, text, atMs: this.#now() };
    if (!this.#isOwn(sender)) this.allowance.spend(sender, error.atMs);
    this.#ofTargets.set(target.slot, error);
    if (reason === 'port_unreachable') return;
    if (this.#ofAddresses.size >= this.#sweepAt) this.#sweep();
    this.#ofAddresses.set(target.address, error);
  }

  /** As {@link heard}, for probes that get an ICMP error as an errno of their socket. Other endings are ignored. */
  heardByErrno(target: Target, reason: Reason, detail: string): void {
    const text = byErrno[reason];
    if (text !== undefined) this.heard(target, reason, detail === '' ? text : detail);
  }

  /** The detail of a probe that failed, with the last ICMP error about its target if it failed by silence. */
  explain(target: Target, reason: Reason, detail: string): string {
    if (evidenceOf(reason) !== 'silence') return detail;
    const why = this.#recent(this.#ofTargets.get(target.slot), '') ?? this.#recent(this.#ofAddresses.get(target.address), otherProbe);
    if (why === undefined) return detail;
    return detail === '' ? why : `${detail}; ${why}`;
  }

  /** The target has passed, or is no longer probed. */
  forget({ slot, address }: Target): void {
    if (this.#ofTargets.size === 0 || !this.#ofTargets.delete(slot)) return;
    if (this.#ofAddresses.get(address)?.slot === slot) this.#ofAddresses.delete(address);
  }

  #recent(error: RecentError | undefined, suffix: string): string | undefined {
    if (error === undefined) return undefined;
    const ageMs = this.#now() - error.atMs;
    return ageMs > recentMs ? undefined : `${someTimeAgo(error.text, ageMs)}${suffix}`;
  }

  #sweep(): void {
    const oldestMs = this.#now() - recentMs;
    for (const [address, { atMs }] of this.#ofAddresses) if (atMs < oldestMs) this.#ofAddresses.delete(address);
    this.#sweepAt = Math.max(fewestToSweep, this.#ofAddresses.size * 2);
  }
}

const otherProbe = ' to another probe of this address';

/** `ICMP port unreachable 4 s ago`. In whole seconds, so that details have few distinct values. */
export function someTimeAgo(text: string, ageMs: number): string {
  return `${text} ${String(Math.round(ageMs / 1000))} s ago`;
}

/** The endings that an ICMP error has; the kernel may have come to them by itself too. */
const byErrno: Partial<Record<Reason, string>> = {
  host_unreachable: 'host unreachable',
  net_unreachable: 'network unreachable',
  port_unreachable: 'port unreachable',
  admin_prohibited: 'administratively prohibited',
};
