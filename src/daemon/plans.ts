/** Puts plans in force, and keeps the message that describes the current one to the front. */
import { setImmediate } from 'node:timers/promises';
import { longestProbeMs } from '../config/detection.js';
import type { LoadedPlan } from '../config/pack.js';
import type { PackedListener, PackedPlan } from '../config/plan.js';
import type { Applied, Engine } from '../engine/engine.js';
import { CodedError } from '../errors.js';
import { instantAfter, instantNow } from '../instant.js';
import type { MembersCommand, PlanMessage } from '../messages.js';
import type { SavedVerdict } from '../persistence/snapshot.js';

/** How long probes may wait while a plan is put in force. */
const sliceMs = 1;

type Why = Pick<PlanMessage, 'cause' | 'runtime'>;

export class Plans {
  readonly #engine: Engine;
  readonly #stopping: AbortSignal;
  /** Settles when the plan that is being put in force is in force. Commands wait for it. */
  #applying: Promise<unknown> = Promise.resolve();
  #message: PlanMessage | undefined;

  /** @param stopping when aborted, a plan in progress is finished without pauses */
  constructor(engine: Engine, stopping: AbortSignal) {
    this.#engine = engine;
    this.#stopping = stopping;
  }

  /** Message to the front about the plan in force. @throws Error before the first plan is in force */
  get message(): PlanMessage {
    if (this.#message === undefined) throw new Error('no plan is in force yet');
    return this.#message;
  }

  /** The same message for a front that starts now: the shared memory may have grown since the plan was applied. */
  get presentMessage(): PlanMessage {
    const { table, counters, handedOnRevision: revision } = this.#engine;
    return { ...this.message, table: table.memory, counters: counters.memory, revision };
  }

  /** Resolves when no plan is being put in force. */
  async settled(): Promise<void> {
    // The next plan may have begun by then.
    while (this.#engine.isChanging) await Promise.allSettled([this.#applying]);
  }

  /**
   * Puts a plan in force and creates the message about it for the front.
   *
   * @throws CodedError permission_missing
   */
  async apply(loaded: LoadedPlan, why: Why, saved?: readonly SavedVerdict[]): Promise<Applied> {
    const prepared = this.#engine.prepare(loaded);
    if ('problems' in prepared) throw new CodedError('permission_missing', prepared.problems.join('\n'));
    const applying = this.#engine.applyInSlices(prepared, { sliceMs, pause: () => this.#pause() }, saved);
    this.#applying = applying;
    const applied = await applying;
    this.#message = {
      type: 'plan',
      ...why,
      number: (this.#message?.number ?? 0) + 1,
      plan: prepared.plan,
      rows: applied.rows,
      table: this.#engine.table.memory,
      counters: this.#engine.counters.memory,
      revision: this.#engine.handedOnRevision,
      changes: [],
      settlesAt: settlesAt(prepared.plan, applied.changedChecks),
    };
    return applied;
  }

  /** Puts the plan in force with other backends in some listeners. @throws CodedError permission_missing */
  applyMembers({ runtime, listeners }: MembersCommand): Promise<Applied> {
    const { plan } = this.message;
    const changed = new Map(listeners.map((listener) => [listener.name, listener]));
    const loaded = {
      plan: { ...plan, listeners: plan.listeners.map((listener) => ({ ...listener, ...withBackends(changed.get(listener.name)) })) },
      origins: plan.listeners.map(({ name }) => changed.get(name)?.origins),
    };
    return this.apply(loaded, { cause: 'runtime_backends', runtime });
  }

  /** One turn of the event loop. */
  #pause(): Promise<void> {
    return this.#stopping.aborted ? Promise.resolve() : setImmediate();
  }
}

function withBackends(listener: MembersCommand['listeners'][number] | undefined): Partial<Pick<PackedListener, 'backends'>> {
  return listener === undefined ? {} : { backends: listener.backends };
}

/** Latest time at which verdicts of changed checks are based on the new check: one interval, then its window. */
function settlesAt(plan: PackedPlan, changed: readonly string[]): PlanMessage['settlesAt'] {
  const now = instantNow();
  const names = new Set(changed);
  return plan.listeners
    .filter((listener) => names.has(listener.name))
    .map(({ name, check }) => {
      const probes = Math.max(check.healthyThreshold, check.unhealthyThreshold);
      return { listener: name, at: instantAfter(now, probes * (check.intervalMs + longestProbeMs(check))) };
    });
}
