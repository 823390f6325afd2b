import type { Reason } from '#vitald/health/reasons.js';
import type { CheckSettings, Done, Probe, ProbeContext, Readiness, Target } from '#vitald/probes/probe.js';

/** How a backend behaves: ends this long after its start with this reason, or never (null). */
export interface Behaviour {
  readonly afterMs: number | null;
  readonly reason?: Reason;
  readonly detail?: string;
  /** NaN: nothing came back. For those that end at once; 0 by default. */
  readonly rttMs?: number;
  /** The reason is that of an ICMP error, which says this. */
  readonly icmp?: string;
}

interface Flight {
  readonly deadlineMs: number;
  readonly startedAt: number;
  readonly done: Done;
  readonly behaviour: Behaviour;
}

/** A probe whose backends do what the test says, on the engine's own timers. */
export class ScriptedProbe implements Probe<CheckSettings> {
  readonly starts: { readonly address: string; readonly at: number }[] = [];
  readonly canceled: string[] = [];
  readonly #behaviours = new Map<string, Behaviour>();
  readonly #flights = new Map<number, Flight>();
  drains = 0;
  /** Backends that answer at once pass without an answer instead, as a UDP check without `expect` does. */
  passesBySilence = false;
  /** What the next drains say: up to when all answers were read. */
  readToMs = Infinity;

  constructor(readonly context: ProbeContext) {}

  /** What the backend at this address does from its next probe on. The default is an answer at once. */
  behave(address: string, behaviour: Behaviour): void {
    this.#behaviours.set(address, behaviour);
  }

  compile(settings: CheckSettings): CheckSettings {
    return settings;
  }

  ready(): Readiness {
    return { method: 'scripted' };
  }

  start(target: Target<CheckSettings>, deadlineMs: number, done: Done): void {
    const startedAt = this.context.now();
    this.starts.push({ address: target.address, at: startedAt });
    const behaviour = this.#behaviours.get(target.address) ?? { afterMs: 0 };
    if (behaviour.icmp !== undefined) this.context.icmp.heard(target, behaviour.reason!, behaviour.icmp);
    if (behaviour.afterMs === 0) {
      const rttMs = behaviour.rttMs ?? (this.passesBySilence ? NaN : 0);
      done(target, behaviour.reason ?? 'ok', rttMs, behaviour.detail ?? '');
      return;
    }
    this.#flights.set(target.slot, { deadlineMs, startedAt, done, behaviour });
    this.context.arm(target.slot, behaviour.afterMs === null ? deadlineMs : Math.min(startedAt + behaviour.afterMs, deadlineMs));
  }

  onTimer(target: Target<CheckSettings>, readToMs: number): void {
    const flight = this.#flights.get(target.slot);
    if (flight === undefined) return;
    if (readToMs < flight.deadlineMs && flight.behaviour.afterMs === null) {
      this.context.arm(target.slot, flight.deadlineMs);
      return;
    }
    this.#flights.delete(target.slot);
    const { behaviour, startedAt, done } = flight;
    if (behaviour.afterMs === null || startedAt + behaviour.afterMs > flight.deadlineMs) done(target, 'connect_timeout', NaN, 'silent');
    else done(target, behaviour.reason ?? 'ok', this.context.now() - startedAt, behaviour.detail ?? '');
  }

  cancel(target: Target<CheckSettings>): void {
    if (!this.#flights.delete(target.slot)) return;
    this.canceled.push(target.address);
    this.context.disarm(target.slot);
  }

  drain(): number {
    this.drains++;
    return this.readToMs;
  }

  close(): void {
    this.#flights.clear();
  }
}
