/**
 * The deadline of a probe that takes more than one step, and what the checker's own lateness moves it by.
 *
 * Silence counts once the backend has had its full time. A deadline that is judged late is as good as one judged in time,
 * as long as the sockets were read after it: the kernel keeps what arrives. But a step that the checker takes late (the
 * request after the connect, the next step of a TLS handshake, a repeated datagram) leaves the backend less time to
 * answer it. So each late step moves the deadline by as much as was lost, in all at most by one more timeout.
 *
 *   start ──connect──► (process stopped, 80 ms) ──request──────────────► deadline ──80 ms──► extended deadline
 */
import type { ProbeContext } from './probe.js';

/** A step may be late by this share of the timeout, or by this much, before an ending may be due to it. */
const tolerableShare = 0.1;
const tolerableMs = 10;
/**
 * Lateness up to this is ordinary, because timers and the kernel's scheduling are no finer. It is not given back, so that
 * deadlines stay where they are on a checker that is well.
 */
export const ordinaryLatenessMs = 5;

export class Deadline {
  readonly startedAtMs: number;
  /** When the probe ends if nothing else ends it; monotonic ms. */
  atMs: number;
  readonly #context: ProbeContext;
  readonly #timeoutMs: number;
  /** When the checker took its last step, monotonic ms. */
  #steppedAtMs: number;
  #lateMs = 0;

  /** @param deadlineMs the deadline of a checker that loses no time */
  constructor(context: ProbeContext, deadlineMs: number) {
    this.#context = context;
    this.startedAtMs = context.now();
    this.atMs = deadlineMs;
    this.#timeoutMs = deadlineMs - this.startedAtMs;
    this.#steppedAtMs = this.startedAtMs;
  }

  /** The checker takes a step of its own now, as soon as it can: what it was held up for since its last one is given back. */
  step(): void {
    this.#giveBack(this.#heldUpMs());
  }

  /**
   * The checker has taken a step since its last one, nobody knows when: late by the longest hold-up since at most. In
   * doubt for the backend, but never so much that silence would say nothing.
   */
  stepAtMost(): void {
    this.#giveBack(Math.min(this.#heldUpMs(), this.#timeoutMs - this.#lateMs));
  }

  /** The checker takes a step now that was due at a certain time. */
  stepDueAt(dueMs: number): void {
    this.#giveBack(this.#context.now() - dueMs);
  }

  /** How late the checker was with its steps in all, ms. */
  get lateMs(): number {
    return this.#lateMs;
  }

  /** Whether the backend may have given up because the checker was late: what it did then says nothing about it. */
  get wasLate(): boolean {
    return this.#lateMs > Math.max(tolerableMs, this.#timeoutMs * tolerableShare);
  }

  /** Whether more was lost than is given back: silence says nothing either. */
  get isSpent(): boolean {
    return this.#lateMs > this.#timeoutMs;
  }

  /** For the detail of a probe that ends as `checker_late`. */
  get lateDetail(): string {
    return `this checker was ${this.#lateMs.toFixed(0)} ms late with its own steps of the probe`;
  }

  #heldUpMs(): number {
    return this.#context.heldUpMs(this.#steppedAtMs);
  }

  #giveBack(ms: number): void {
    this.#steppedAtMs = this.#context.now();
    if (ms <= ordinaryLatenessMs) return;
    const before = Math.min(this.#lateMs, this.#timeoutMs);
    this.#lateMs += ms;
    this.atMs += Math.min(this.#lateMs, this.#timeoutMs) - before;
  }
}
