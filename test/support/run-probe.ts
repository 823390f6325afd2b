/** Runs probes of one kind against real sockets, with Node's own timers in the place of the engine's. */
import { oneShotErrors } from '#vitald/probes/one-shot.js';
import type { CheckSettings, Done, Family, Probe, ProbeContext, Target } from '#vitald/probes/probe.js';
import type { Reason } from '#vitald/health/reasons.js';
import { unchangingNetwork } from '#vitald/network/unchanging-network.js';
import { realClock, type Cancel } from '#vitald/schedule/clock.js';

export interface ProbeResult {
  readonly reason: Reason;
  readonly rttMs: number;
  readonly detail: string;
  /** From `start` to `done`. */
  readonly tookMs: number;
}

/** A context whose timers call the probe, as the engine's would. */
export class TimerContext implements ProbeContext {
  readonly #timers = new Map<number, Cancel>();
  readonly network = unchangingNetwork;
  readonly icmp = oneShotErrors();
  /** For how long the process was held up, as a probe hears it. */
  lost = 0;
  /** Set by {@link runProbe}: what is in flight. */
  onTimer: (slot: number, readToMs: number) => void = () => undefined;

  now(): number {
    return performance.now();
  }

  /** Each hold-up once: whoever asks takes a step. */
  heldUpMs(): number {
    const ms = this.lost;
    this.lost = 0;
    return ms;
  }

  arm(slot: number, atMs: number): void {
    this.disarm(slot);
    this.#timers.set(
      slot,
      realClock.after(atMs - this.now(), (readToMs) => this.onTimer(slot, readToMs)),
    );
  }

  disarm(slot: number): void {
    this.#timers.get(slot)?.();
    this.#timers.delete(slot);
  }

  get armed(): number {
    return this.#timers.size;
  }
}

export interface ProbeRun {
  readonly address?: string;
  readonly family?: Family;
  readonly port: number;
  readonly timeoutMs: number;
  readonly slot?: number;
  readonly source?: string;
  readonly interface?: string;
  readonly options?: Readonly<Record<string, unknown>>;
}

/** The target that a run probes, and its settings compiled. */
export function targetOf<Compiled>(probe: Probe<Compiled>, run: ProbeRun): Target<Compiled> {
  const settings: CheckSettings = {
    timeoutMs: run.timeoutMs,
    source: run.source,
    interface: run.interface,
    options: run.options ?? {},
  };
  const address = run.address ?? '127.0.0.1';
  return {
    slot: run.slot ?? 0,
    address,
    family: run.family ?? (address.includes(':') ? 6 : 4),
    port: run.port,
    compiled: probe.compile(settings),
  };
}

/**
 * One probe from start to end.
 * @throws Error where `done` was called twice, or a timer is still armed afterwards
 */
export async function runProbe<Compiled>(context: TimerContext, probe: Probe<Compiled>, run: ProbeRun): Promise<ProbeResult> {
  const target = targetOf(probe, run);
  let calls = 0;
  const startedAt = performance.now();
  const result = await new Promise<ProbeResult>((resolve) => {
    const done: Done = (_target, reason, rttMs, detail) => {
      calls++;
      resolve({ reason, rttMs, detail, tookMs: performance.now() - startedAt });
    };
    context.onTimer = (slot, readToMs) => slot === target.slot && probe.onTimer(target, readToMs);
    probe.start(target, context.now() + run.timeoutMs, done);
  });
  // Whatever is still on its way now must change nothing.
  await new Promise((resolve) => setImmediate(resolve));
  if (calls !== 1) throw new Error(`done was called ${calls} times`);
  if (context.armed > 0) throw new Error('a timer is still armed after the end of the probe');
  return result;
}
