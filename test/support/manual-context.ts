/** A probe context whose time stands still until the test moves it. */
import { IcmpErrors } from '#vitald/probes/icmp-errors.js';
import type { ProbeContext } from '#vitald/probes/probe.js';
import { FakeLocalNetwork } from './fake-local-network.js';

export class ManualContext implements ProbeContext {
  nowMs = 0;
  #heldUp = { ms: 0, endedAtMs: -Infinity };
  readonly network = new FakeLocalNetwork();
  readonly icmp = new IcmpErrors(
    () => this.nowMs,
    (key) => this.network.isOwn(key),
  );
  /** When the timer is due; undefined: none is armed. For one slot. */
  dueMs: number | undefined;

  now(): number {
    return this.nowMs;
  }

  heldUpMs(sinceMs: number): number {
    return this.#heldUp.endedAtMs > sinceMs ? this.#heldUp.ms : 0;
  }

  /** Lets this long pass, in which the process is held up. */
  holdUp(ms: number): void {
    this.nowMs += ms;
    this.#heldUp = { ms, endedAtMs: this.nowMs };
  }

  arm(_slot: number, atMs: number): void {
    this.dueMs = atMs;
  }

  disarm(): void {
    this.dueMs = undefined;
  }

  /** Moves time to where the timer is due; the test then calls the probe. */
  advance(): void {
    if (this.dueMs === undefined) throw new Error('no timer is armed');
    this.nowMs = this.dueMs;
  }
}
