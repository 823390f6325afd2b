/**
 * ICMP errors that are believed until something contradicts them. For UDP checks that take silence for a pass: hosts
 * limit their ICMP errors (icmp-allowance.ts), so that a closed port answers some datagrams and not others.
 *
 *                 error                     answer, or enough silent probes that could have met an error
 *   (nothing) ──────────► believed ──────────────────────────────────────────────► doubted ──► (nothing)
 *                            ▲                        error                           │    after a long silence
 *                            └────────────────────────────────────────────────────────┘
 *
 * How many silent probes are enough. One, to begin with: a host that can send an error would have sent it, and each
 * further one would turn a service's restart into a failure that lasts. An error that follows such a silence shows that
 * the sender is stricter than assumed, that others use its errors (the load balancer's own traffic to the closed port),
 * or that errors are lost: then twice as many, up to 16. So outcomes do not alternate for long, whatever the limit is.
 *
 * Where other probes use up a sender's errors all the time (a firewall that rejects TCP too), no silence says anything.
 * A target that has waited too long is then asked in vain until it meets an error by chance, and if it does not for two
 * minutes, that has to do for a contradiction.
 */
import type { Reason } from '../../health/reasons.js';
import type { IcmpAllowance } from '../icmp-allowance.js';
import type { Target } from '../probe.js';

const mostSilences = 16;
/** A doubted error is forgotten after so many silent probes in a row: more than lie between two errors that are still noticed. */
const silencesToForget = 2 * mostSilences;
/**
 * Targets of one sender are asked in turns: those that have waited this much of the longest wait. Only the one that has
 * waited longest would take longer, for each is asked only when its probe is due.
 */
const turnShare = 0.7;
/** A target starves that has had no telling answer for this long, and for two turns. */
const starvingMs = 10_000;
/**
 * Silence is doubted for this long in a row, whatever its sender could send. By then a Linux host has sent 126 errors: a
 * closed port among fewer has met one, since the ports that are known to be closed step back.
 */
export const longestDoubtMs = 120_000;
/** An error that is on its way may take this much longer than the last one. */
const delayMargin = { factor: 1.2, ms: 20 } as const;
/** How long a router asks for a host before it reports "host unreachable". An error may come sooner: others may have asked. */
const resolvingMs = 3000;

export interface BelievedError {
  readonly reason: Reason;
  readonly detail: string;
  /** The host or router that sent it, as `addressKey` spells it. */
  readonly sender: string;
  /** When it was heard last, monotonic ms. */
  readonly heardAtMs: number;
}

interface Entry extends BelievedError {
  readonly target: Target;
  reason: Reason;
  detail: string;
  sender: string;
  heardAtMs: number;
  /** From the datagram to the error. */
  delayMs: number;
  isBelieved: boolean;
  /** A second error has come since it is believed. */
  isConfirmed: boolean;
  /** Telling silences since the last error. */
  silences: number;
  silencesNeeded: number;
  /** When an error or a telling silence last answered the question, monotonic ms. */
  answeredAtMs: number;
}

/** An ICMP error, as a probe of a target heard it. */
export interface HeardError extends BelievedError {
  /** From the datagram to the error. */
  readonly delayMs: number;
}

export class ErrorMemory {
  readonly #allowance: IcmpAllowance;
  /** By slot. */
  readonly #entries = new Map<number, Entry>();
  /** What is believed, by sender; what has waited longest for an answer comes first. */
  readonly #queues = new Map<string, Set<Entry>>();

  constructor(allowance: IcmpAllowance) {
    this.#allowance = allowance;
  }

  /** Targets about which something is remembered. */
  get size(): number {
    return this.#entries.size;
  }

  heard(target: Target, error: HeardError): void {
    const known = this.#entryOf(target);
    const entry = known ?? newEntry(target, error);
    if (known === undefined) this.#entries.set(target.slot, entry);
    else if (known.isBelieved) known.isConfirmed = true;
    else this.#wasWrong(known);
    this.#leaveQueue(entry);
    const delayMs = error.reason === 'host_unreachable' ? Math.max(error.delayMs, resolvingMs) : error.delayMs;
    Object.assign(entry, error, { delayMs, isBelieved: true, silences: 0 });
    this.#answered(entry, error.heardAtMs);
  }

  /** The error that is believed of a target. */
  believed(target: Target): BelievedError | undefined {
    const entry = this.#entryOf(target);
    return entry?.isBelieved === true ? entry : undefined;
  }

  /**
   * Whether a probe of a believed target is to send its datagram, or to leave the sender's errors to others.
   *
   * @param isSparing whether the errors are needed by targets about which nothing is known yet
   */
  mayAsk(target: Target, isSparing: boolean, nowMs: number): boolean {
    const entry = this.#entryOf(target);
    if (entry?.isBelieved !== true || this.#isStarving(entry, nowMs)) return true;
    const { sender, answeredAtMs } = entry;
    if (isSparing ? !this.#allowance.isIdle(sender, nowMs) : !this.#allowance.isQuiet(sender, nowMs)) return false;
    const isUnsettled = !entry.isConfirmed || entry.silences > 0;
    return isUnsettled || nowMs - answeredAtMs >= (nowMs - this.#longestWaiting(entry).answeredAtMs) * turnShare;
  }

  /** Whether the datagram of a probe in flight is to be repeated. @param listenedMs since it was sent last */
  mayRepeat(target: Target, listenedMs: number, nowMs: number): boolean {
    const entry = this.#entryOf(target);
    if (entry?.isBelieved !== true) return true;
    // Not before the error to the last one is overdue: each datagram may cost the sender one.
    if (!this.isLongEnough(target, listenedMs)) return false;
    return this.#queues.get(entry.sender)?.size === 1 || this.#isStarving(entry, nowMs);
  }

  /** Whether a probe that listened for so long would have heard an error like the believed one. */
  isLongEnough(target: Target, listenedMs: number): boolean {
    const delayMs = this.#entryOf(target)?.delayMs ?? 0;
    return listenedMs >= delayMs * delayMargin.factor + delayMargin.ms;
  }

  /**
   * Nothing came back to a probe.
   *
   * @param sentAtMs when its last datagram left, monotonic
   * @param isTelling whether the sender could have sent an error
   * @returns the error that is believed all the same
   */
  silence(target: Target, sentAtMs: number, isTelling: boolean): BelievedError | undefined {
    const entry = this.#entryOf(target);
    if (entry === undefined) return undefined;
    if (isTelling && sentAtMs >= entry.heardAtMs) this.#tellingSilence(entry, sentAtMs);
    else if (sentAtMs - entry.heardAtMs >= this.#longestDoubtMs(entry)) this.#doubt(entry);
    return entry.isBelieved ? entry : undefined;
  }

  /** The target has answered, or is no longer probed. */
  forget(target: Target): void {
    const entry = this.#entryOf(target);
    if (entry === undefined) return;
    this.#doubt(entry);
    this.#entries.delete(target.slot);
  }

  #tellingSilence(entry: Entry, sentAtMs: number): void {
    entry.silences++;
    if (!entry.isBelieved) {
      if (entry.silences >= silencesToForget) this.forget(entry.target);
    } else if (entry.silences >= entry.silencesNeeded) this.#doubt(entry);
    else this.#answered(entry, sentAtMs);
  }

  /** Takes its place behind all others that are believed of the sender. */
  #answered(entry: Entry, atMs: number): void {
    entry.answeredAtMs = atMs;
    const queue = this.#queues.get(entry.sender) ?? new Set();
    this.#queues.set(entry.sender, queue);
    queue.delete(entry);
    queue.add(entry);
  }

  #longestWaiting(entry: Entry): Entry {
    const first = this.#queues.get(entry.sender)?.values().next();
    return first?.done === false ? first.value : entry;
  }

  #leaveQueue(entry: Entry): void {
    const queue = this.#queues.get(entry.sender);
    if (queue?.delete(entry) === true && queue.size === 0) this.#queues.delete(entry.sender);
  }

  #isStarving(entry: Entry, nowMs: number): boolean {
    return nowMs - entry.answeredAtMs >= Math.max(starvingMs, 2 * this.#turnMs(entry));
  }

  #longestDoubtMs(entry: Entry): number {
    return Math.max(longestDoubtMs, 4 * this.#turnMs(entry));
  }

  /** How long it takes until all targets of the sender were asked. */
  #turnMs({ sender }: Entry): number {
    return (this.#queues.get(sender)?.size ?? 0) * this.#allowance.sparingMs(sender);
  }

  #entryOf(target: Target): Entry | undefined {
    const entry = this.#entries.get(target.slot);
    return entry?.target === target ? entry : undefined;
  }

  #doubt(entry: Entry): void {
    entry.isBelieved = false;
    entry.isConfirmed = false;
    this.#leaveQueue(entry);
  }

  /** A silence was taken for a contradiction, and is contradicted itself. */
  #wasWrong(entry: Entry): void {
    entry.silencesNeeded = Math.min(entry.silencesNeeded * 2, mostSilences);
    this.#allowance.isSlower(entry.sender);
  }
}

function newEntry(target: Target, error: HeardError): Entry {
  return {
    ...error,
    target,
    isBelieved: false,
    isConfirmed: false,
    silences: 0,
    silencesNeeded: 1,
    answeredAtMs: error.heardAtMs,
  };
}
