import { origins, packPlan, type LoadedPlan } from '#vitald/config/pack.js';
import type { PackedPlan, Plan } from '#vitald/config/plan.js';
import { Engine, type Applied } from '#vitald/engine/engine.js';
import type { PreparedPlan } from '#vitald/engine/prepare.js';
import type { Change, Override } from '#vitald/messages.js';
import type { SavedVerdict } from '#vitald/persistence/snapshot.js';
import { StatusReader, type BackendStatus } from '#vitald/status/reader.js';
import { FakeLocalNetwork } from './fake-local-network.js';
import { ScriptedProbe } from './scripted-probe.js';
import { SimulatedClock } from './simulated-clock.js';

/** An engine on a simulated clock, with a probe that does what the test says. */
export class EngineWorld {
  readonly clock = new SimulatedClock();
  readonly network = new FakeLocalNetwork();
  readonly changes: Change[] = [];
  readonly engine: Engine;
  probe!: ScriptedProbe;
  #applied!: Applied;
  #plan!: Plan;
  #packed: PackedPlan | undefined;

  constructor(plan: Plan, options: { saved?: SavedVerdict[]; overrides?: Override[]; lastRevision?: number } = {}) {
    this.engine = new Engine({
      clock: this.clock,
      network: this.network,
      createProbes: (context) => {
        this.probe = new ScriptedProbe(context);
        return new Map([['tcp', this.probe]]);
      },
      spreadStart: 0,
      lastRevision: options.lastRevision ?? 0,
      onChanges: (changes) => this.changes.push(...changes),
    });
    this.engine.override(options.overrides ?? []);
    this.apply(plan, options.saved);
  }

  /** A plan as the loader would hand it over. */
  loaded(plan: Plan): LoadedPlan {
    const packed = packPlan(plan);
    return { plan: packed, origins: origins(this.#packed, packed) };
  }

  apply(plan: Plan, saved?: SavedVerdict[]): Applied {
    const prepared = this.#prepare(plan);
    return this.#inForce(plan, prepared, this.engine.apply(prepared, saved));
  }

  /**
   * Begins to put a plan in force in the smallest of slices.
   *
   * @returns does the next one, and tells whether there are more
   */
  async applyInSlices(plan: Plan): Promise<() => Promise<boolean>> {
    const prepared = this.#prepare(plan);
    let goOn = (): void => undefined;
    let paused = (): void => undefined;
    let more = true;
    const pause = (): Promise<void> =>
      new Promise((resolve) => {
        goOn = resolve;
        paused();
      });
    const nextPause = (act: () => void): Promise<void> =>
      new Promise((resolve) => {
        paused = resolve;
        act();
      });
    await nextPause(() => {
      void this.engine.applyInSlices(prepared, { sliceMs: 0, pause }).then((applied) => {
        this.#inForce(plan, prepared, applied);
        more = false;
        paused();
      });
    });
    return async () => {
      if (more) await nextPause(() => goOn());
      return more;
    };
  }

  #prepare(plan: Plan): PreparedPlan {
    const prepared = this.engine.prepare(this.loaded(plan));
    if ('problems' in prepared) throw new Error(prepared.problems.join('\n'));
    return prepared;
  }

  #inForce(plan: Plan, { plan: packed }: PreparedPlan, applied: Applied): Applied {
    this.#plan = plan;
    this.#packed = packed;
    this.#applied = applied;
    this.changes.push(...applied.changes);
    return applied;
  }

  slot(listener: string, backend: string): number {
    const place = this.#plan.listeners.findIndex((l) => l.name === listener);
    return this.#applied.rows[place]!.slots[this.#plan.listeners[place]!.backends.findIndex((b) => b.id === backend)]!;
  }

  status(listener: string, backend: string): BackendStatus {
    return this.statusAt(this.slot(listener, backend));
  }

  statusAt(slot: number): BackendStatus {
    return new StatusReader(this.engine.table.memory).read(slot);
  }

  /** Lets time pass until the backend has this state; returns how long it took, or throws after a day. */
  untilState(listener: string, backend: string, state: string): number {
    const start = this.clock.now();
    while (this.status(listener, backend).state !== state) {
      if (this.clock.now() - start > 86_400_000) throw new Error(`${backend} never became ${state}`);
      this.clock.advance(1);
    }
    return this.clock.now() - start;
  }
}
