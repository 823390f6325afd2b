/**
 * Whether a host or router can send an ICMP error to this machine now.
 *
 * Hosts limit their ICMP errors, so silence after a datagram to a closed port is common. What Linux does with its
 * default settings (inet_peer_xrlim_allow; net.ipv4.icmp_ratelimit, net.ipv6.icmp.ratelimit): a token bucket for each
 * address that it sends errors to, all ports together. One token a second, at most 6 of them, and an error that is not
 * sent costs none.
 *
 * How full the bucket was when this process started, and what others have taken from it, is not known. Only errors that
 * were heard are: where they come as fast as the limit lets them, the bucket is empty. So a sender is metered: each error
 * that is heard adds one, which passes off a little slower than a token comes. While something is left of it, the
 * silence of a port says nothing.
 *
 *   errors      | |          |            |  |  |  |  |  |  |  |        (one a second: as fast as the limit)
 *   meter      _/\/\________/\___________/\/\/\/\/\/\/\/\/\/\/\_____
 *   silence    nothing  says  nothing said    says nothing
 *
 * Windows, BSD and newer Linux kernels (IPv6: ten a second, and more to whole networks) are more generous, routers are
 * often stricter. A sender of more errors than its bucket can have held is taken for faster, one that kept an error back
 * that it should have been able to send for slower.
 */

/** Linux's default time between two errors. */
const usualRefillMs = 1000;
const fastestRefillMs = 10;
const slowestRefillMs = 15_000;
/** Less than {@link slowness}: a sender that is taken for a little faster than it is, is still metered safely. */
const fasterBy = 0.75;
const slowerBy = 1.5;
/** What was learned of a sender is forgotten after so many times its rate without an error. */
const refillsToForget = 20;
/** Tokens of a full bucket: XRLIM_BURST_FACTOR in net/ipv4/route.c. */
const fullBucket = 6;
/** More errors than that have come too early, even if some arrived together that left apart. */
const mostAtOnce = fullBucket + 2;

/** How much longer than a token takes to come, an error stays on the meter. */
const slowness = 4 / 3;
/** Of an error this much may be left: then a token has come since, and a little more. */
const quietShare = 0.2;
/** The meter does not go higher. */
const mostMetered = 8;
/** An error that is heard this long after a datagram left may have taken the token for it. */
const roundTripMs = 100;
/** Where it matters, errors are provoked at no more than half of the sender's rate, so that there are some for others. */
const sparingRefills = 2;
/** Senders are looked through for ones to forget whenever their number has doubled since. */
const fewestToSweep = 64;

interface Sender {
  /** When its first error was heard. */
  readonly knownSinceMs: number;
  refillMs: number;
  /** When its bucket is full again, if it was full before the errors that were heard. */
  fullAtMs: number;
  /** When nothing is left on its meter. */
  settledAtMs: number;
  /** When its meter last rose above what counts as quiet. */
  loudFromMs: number;
}

export class IcmpAllowance {
  readonly #senders = new Map<string, Sender>();
  #sweepAt = fewestToSweep;

  /** Senders that are known. */
  get size(): number {
    return this.#senders.size;
  }

  /** An error of this sender was heard. @param sender its address, as `addressKey` spells it */
  spend(sender: string, atMs: number): void {
    const known = this.#sender(sender, atMs);
    if (atMs - known.settledAtMs > refillsToForget * known.refillMs) known.refillMs = usualRefillMs;
    known.fullAtMs = Math.max(known.fullAtMs, atMs) + known.refillMs;
    if (known.fullAtMs - atMs > mostAtOnce * known.refillMs && known.refillMs > fastestRefillMs) isFaster(known, atMs);
    const wasQuiet = isQuiet(known, atMs);
    const errorMs = known.refillMs * slowness;
    known.settledAtMs = Math.min(Math.max(known.settledAtMs, atMs) + errorMs, atMs + mostMetered * errorMs);
    if (wasQuiet) known.loudFromMs = atMs;
  }

  /** Whether the sender has an error to send now, by all that was heard. */
  isQuiet(sender: string, nowMs: number): boolean {
    const known = this.#senders.get(sender);
    return known === undefined || isQuiet(known, nowMs);
  }

  /**
   * Whether an error to another probe may have taken the token for a datagram that left while the sender {@link isQuiet}.
   *
   * @param sentAtMs when the datagram left, monotonic
   * @param heldUpMs how much later than it came an error may have been heard since
   */
  wasTaken(sender: string, sentAtMs: number, heldUpMs: number): boolean {
    const loudFromMs = this.#senders.get(sender)?.loudFromMs ?? -Infinity;
    return loudFromMs >= sentAtMs && loudFromMs <= sentAtMs + roundTripMs + heldUpMs;
  }

  /** Whether an error may be provoked that says nothing new, and others still find the sender quiet half of the time. */
  isIdle(sender: string, nowMs: number): boolean {
    const known = this.#senders.get(sender);
    return known === undefined || nowMs >= known.settledAtMs + (sparingRefills - slowness) * known.refillMs;
  }

  /**
   * Whether the first error that was heard of a sender came soon after a datagram left: it may have been without a token
   * by then, for a reason from before it was known.
   */
  mayHaveBeenEmpty(sender: string, sentAtMs: number): boolean {
    const known = this.#senders.get(sender);
    return known !== undefined && known.knownSinceMs >= sentAtMs && known.knownSinceMs <= sentAtMs + usualRefillMs * slowness;
  }

  /** Time between two errors of the sender if it sends them as slowly as it may, ms. */
  sparingMs(sender: string): number {
    return sparingRefills * (this.#senders.get(sender)?.refillMs ?? usualRefillMs);
  }

  /** The sender kept an error back that it should have been able to send. */
  isSlower(sender: string): void {
    const known = this.#senders.get(sender);
    if (known === undefined) return;
    known.refillMs = known.refillMs < usualRefillMs ? usualRefillMs : Math.min(known.refillMs * slowerBy, slowestRefillMs);
  }

  #sender(sender: string, nowMs: number): Sender {
    let known = this.#senders.get(sender);
    if (known === undefined) {
      if (this.#senders.size >= this.#sweepAt) this.#sweep(nowMs);
      known = { knownSinceMs: nowMs, refillMs: usualRefillMs, fullAtMs: nowMs, settledAtMs: nowMs, loudFromMs: -Infinity };
      this.#senders.set(sender, known);
    }
    return known;
  }

  #sweep(nowMs: number): void {
    for (const [sender, { settledAtMs }] of this.#senders) if (settledAtMs <= nowMs) this.#senders.delete(sender);
    this.#sweepAt = Math.max(fewestToSweep, this.#senders.size * 2);
  }
}

function isQuiet({ refillMs, settledAtMs }: Sender, atMs: number): boolean {
  return settledAtMs - atMs <= refillMs * slowness * quietShare;
}

function isFaster(sender: Sender, atMs: number): void {
  sender.refillMs = Math.max(sender.refillMs * fasterBy, fastestRefillMs);
  // It has sent as fast as it can, so its bucket is nearly empty.
  sender.fullAtMs = atMs + fullBucket * sender.refillMs;
  sender.settledAtMs = atMs;
}
