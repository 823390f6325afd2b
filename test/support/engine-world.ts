import { packPlan } from '#vitald/config/pack.js';
import type { Plan } from '#vitald/config/plan.js';
import { Engine, type Applied } from '#vitald/engine/engine.js';
import type { Change } from '#vitald/status/messages.js';
import type { SavedVerdict } from '#vitald/status/snapshot.js';
import { StatusReader, type BackendStatus } from '#vitald/status/table.js';
import { ScriptedProbe } from './scripted-probe.js';
import { SimulatedClock } from './simulated-clock.js';

/** An engine on a simulated clock, with a probe that does what the test says. */
export class EngineWorld {
  readonly clock = new SimulatedClock();
  readonly changes: Change[] = [];
  readonly engine: Engine;
  probe!: ScriptedProbe;
  #applied!: Applied;
  #plan!: Plan;

  constructor(plan: Plan, options: { saved?: SavedVerdict[]; lastRevision?: number } = {}) {
    this.engine = new Engine({
      clock: this.clock,
      createProbes: (context) => {
        this.probe = new ScriptedProbe(context);
        return new Map([['tcp', this.probe]]);
      },
      spreadStart: 0,
      lastRevision: options.lastRevision ?? 0,
      saved: options.saved ?? [],
      onChanges: (changes) => this.changes.push(...changes),
    });
    this.apply(plan);
  }

  apply(plan: Plan): Applied {
    const prepared = this.engine.prepare(packPlan(plan));
    if ('problems' in prepared) throw new Error(prepared.problems.join('\n'));
    this.#applied = this.engine.apply(prepared);
    this.#plan = plan;
    this.changes.push(...this.#applied.changes);
    return this.#applied;
  }

  slot(listener: string, backend: string): number {
    const place = this.#plan.listeners.findIndex((l) => l.name === listener);
    return this.#applied.rows[place]!.slots[this.#plan.listeners[place]!.backends.findIndex((b) => b.id === backend)]!;
  }

  status(listener: string, backend: string): BackendStatus {
    return new StatusReader(this.engine.table.memory).read(this.slot(listener, backend));
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
