import type { Reason } from '#vitald/health/reasons.js';
import { IcmpErrors } from '#vitald/probes/icmp-errors.js';
import type { CheckSettings, Family, Probe, ProbeContext, Target } from '#vitald/probes/probe.js';
import { FakeLocalNetwork } from './fake-local-network.js';
import { SimulatedClock } from './simulated-clock.js';

export interface Ending {
  readonly reason: Reason;
  readonly rttMs: number;
  readonly detail: string;
  readonly at: number;
}

/** One probe on a simulated clock, for one kind whose packets a test makes up. */
export class SimulatedProbe<Compiled> {
  readonly clock = new SimulatedClock();
  readonly network = new FakeLocalNetwork();
  /** For how long the process was held up, as the probe hears it. */
  heldUpMs = 0;
  readonly probe: Probe<Compiled>;
  readonly #targets = new Map<number, Target<Compiled>>();
  readonly #timers = new Map<number, () => void>();

  constructor(create: (context: ProbeContext) => Probe<Compiled>) {
    this.probe = create({
      now: () => this.clock.now(),
      heldUpMs: () => this.heldUpMs,
      network: this.network,
      icmp: new IcmpErrors(
        () => this.clock.now(),
        (key) => this.network.isOwn(key),
      ),
      arm: (slot, atMs) => {
        this.#timers.get(slot)?.();
        this.#timers.set(
          slot,
          this.clock.after(atMs - this.clock.now(), (readToMs) => this.probe.onTimer(this.#targets.get(slot)!, readToMs)),
        );
      },
      disarm: (slot) => this.#timers.get(slot)?.(),
    });
  }

  target(slot: number, address: string, port: number, settings: Partial<CheckSettings> = {}): Target<Compiled> {
    const family: Family = address.includes(':') ? 6 : 4;
    const compiled = this.probe.compile({ timeoutMs: 3000, source: undefined, interface: undefined, options: {}, ...settings });
    const target = { slot, address, family, port, compiled };
    this.#targets.set(slot, target);
    return target;
  }

  /** Starts a probe of 3 s; its endings are collected, so that a second one would be seen. */
  start(target: Target<Compiled>): Ending[] {
    const endings: Ending[] = [];
    this.probe.start(target, this.clock.now() + 3000, (_target, reason, rttMs, detail) =>
      endings.push({ reason, rttMs, detail, at: this.clock.now() }),
    );
    return endings;
  }
}
