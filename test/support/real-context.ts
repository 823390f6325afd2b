/** The engine's part for tests on real sockets: the monotonic clock and one timer for each slot. */
import { oneShotErrors } from '#vitald/probes/one-shot.js';
import type { Family, Probe, ProbeContext, ProbeKind, Target } from '#vitald/probes/probe.js';
import type { Reason } from '#vitald/health/reasons.js';
import { unchangingNetwork } from '#vitald/network/unchanging-network.js';
import { realClock, type Cancel } from '#vitald/schedule/clock.js';

export interface Ended {
  readonly reason: Reason;
  readonly rttMs: number;
  readonly detail: string;
  /** From `start` to `done`. */
  readonly tookMs: number;
}

export interface Place {
  readonly address: string;
  readonly port: number;
}

export interface RunOptions {
  readonly timeoutMs?: number;
  readonly options?: Readonly<Record<string, unknown>>;
  readonly source?: string;
  readonly interface?: string;
}

/** One probe of a kind with all that it needs to run. */
export class Bench {
  readonly probe: Probe;
  /** How often `done` was called for each slot. */
  readonly doneCount = new Map<number, number>();
  readonly #timers = new Map<number, Cancel>();
  readonly #targets = new Map<number, Target>();
  #nextSlot = 0;

  constructor(kind: ProbeKind) {
    const context: ProbeContext = {
      now: () => performance.now(),
      heldUpMs: () => 0,
      network: unchangingNetwork,
      icmp: oneShotErrors(),
      arm: (slot, atMs) => {
        this.#timers.get(slot)?.();
        this.#timers.set(
          slot,
          realClock.after(atMs - performance.now(), (readToMs) => this.probe.onTimer(this.#targets.get(slot)!, readToMs)),
        );
      },
      disarm: (slot) => {
        this.#timers.get(slot)?.();
        this.#timers.delete(slot);
      },
    };
    this.probe = kind.create(context);
  }

  target(place: Place, run: RunOptions = {}, slot = this.#nextSlot++): Target {
    const family: Family = place.address.includes(':') ? 6 : 4;
    const compiled = this.probe.compile({
      timeoutMs: run.timeoutMs ?? 2000,
      source: run.source,
      interface: run.interface,
      options: run.options ?? {},
    });
    return { slot, address: place.address, family, port: place.port, compiled };
  }

  /** Starts a probe; `whenDone` runs inside `done`. */
  start(target: Target, timeoutMs: number, whenDone: (ended: Ended) => void): void {
    this.#targets.set(target.slot, target);
    const startedAt = performance.now();
    this.probe.start(target, startedAt + timeoutMs, (_target, reason, rttMs, detail) => {
      this.doneCount.set(target.slot, (this.doneCount.get(target.slot) ?? 0) + 1);
      whenDone({ reason, rttMs, detail, tookMs: performance.now() - startedAt });
    });
  }

  probeTarget(target: Target, timeoutMs = 2000): Promise<Ended> {
    return new Promise((resolve) => this.start(target, timeoutMs, resolve));
  }

  /** One probe of a place that gets a slot of its own. */
  run(place: Place, run: RunOptions = {}): Promise<Ended> {
    return this.probeTarget(this.target(place, run), run.timeoutMs);
  }

  close(): void {
    this.probe.close();
    for (const cancel of this.#timers.values()) cancel();
  }
}

/** Waits for something that other events bring about; fails the test by its time limit, never by a sleep. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}
