/**
 * What operators and control planes change over the API: overrides, weights, runtime backends, a probe now.
 *
 * The order of a change: checked → the engine follows → saved → answered. So whoever has an answer knows that the change
 * is in force and outlives a crash; where it is in force but could not be saved, the answer is `state_not_saved`.
 */
import type { Logger } from 'pino';
import { messageOf } from '../../message-of.js';
import { CodedError } from '../../errors.js';
import type { ControlFile, ControlState } from '../../persistence/control-state.js';
import type { Change, PlanMessage } from '../../messages.js';
import type { EnginePort } from './engine-port.js';
import type { FrontState } from '../view/state.js';
import type { Audit, AuditAction } from './audit.js';
import { describeMode, describeRuntime, describeWeight } from './describe.js';
import { OverrideChanges, type OverrideChange } from './override-changes.js';
import { ProbesNow } from './probe-now.js';
import { RuntimeChanges } from './runtime-changes.js';
import type { RuntimeStore } from '../view/runtime-store.js';

export interface ControlOptions {
  readonly state: FrontState;
  readonly engine: EnginePort;
  /** Where it is kept; tells of failures by itself. */
  readonly file: Pick<ControlFile, 'save'>;
  readonly audit: Audit;
  readonly log: Pick<Logger, 'warn'>;
}

/** After a failure, it is tried to save again by itself. */
const saveAgainMs = 10_000;

export class Control {
  readonly #state: FrontState;
  readonly #log: ControlOptions['log'];
  readonly #file: Pick<ControlFile, 'save'>;
  #saveAgain: NodeJS.Timeout | undefined;
  #unsaved = false;
  #closed = false;
  readonly audit: Audit;
  readonly overrides: OverrideChanges;
  readonly runtime: RuntimeChanges;
  readonly probes: ProbesNow;

  constructor({ state, engine, file, audit, log }: ControlOptions) {
    this.#state = state;
    this.#log = log;
    this.#file = file;
    this.audit = audit;
    this.overrides = new OverrideChanges({
      store: state.overrides,
      engine,
      onExpired: (change) => void this.#expired(change),
      onClockSet: () => this.#saveSoon(),
    });
    this.runtime = new RuntimeChanges(state, engine);
    this.probes = new ProbesNow(state, engine);
  }

  /**
   * Ends what has expired, and brings the disk up to date: a file of an earlier start, or of a thread that crashed
   * between a change and its saving, may say something else.
   */
  start(): void {
    void this.audit.start();
    this.overrides.start();
    this.#noteAbsent();
    this.#saveSoon();
  }

  /** To be called with each plan, before it is in force here. @param before runtime backends until now */
  planChanged({ cause, runtime, changes }: PlanMessage, before: RuntimeStore): void {
    if (this.#state.overrides.size > 0) for (const change of changes) this.#tellOfOverridden(change);
    if (cause !== 'reload') return;
    const left = new Map(runtime.map(({ listener, backends }) => [listener, new Set(backends.map(({ id }) => id))]));
    let dropped = 0;
    for (const { listener, backends } of before.all) {
      for (const backend of backends) {
        if (left.get(listener)?.has(backend.id) === true) continue;
        dropped++;
        this.#noteOwn('backend_dropped', listener, backend.id, droppedBecause, describeRuntime(backend), null);
      }
    }
    if (dropped > 0) this.#saveSoon();
  }

  /** True while something is in force that is not on disk. */
  get hasUnsaved(): boolean {
    return this.#unsaved;
  }

  /** @throws CodedError state_not_saved: it is in force all the same */
  async save(): Promise<void> {
    try {
      await this.#file.save(() => this.#present());
      this.#unsaved = false;
    } catch (error) {
      this.#saveLater();
      const why = messageOf(error);
      throw new CodedError('state_not_saved', `The change is in force, but could not be saved, and would not outlive a restart: ${why}`);
    }
  }

  /** Waits for what is being written. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#saveAgain);
    this.overrides.close();
    await this.audit.close();
  }

  #present(): ControlState {
    return { overrides: [...this.#state.overrides.all()], runtime: this.#state.runtime.all };
  }

  #saveSoon(): void {
    this.save().catch(() => undefined);
  }

  #saveLater(): void {
    this.#unsaved = true;
    clearTimeout(this.#saveAgain);
    if (!this.#closed) this.#saveAgain = setTimeout(() => this.#saveSoon(), saveAgainMs).unref();
  }

  async #expired({ before, after }: OverrideChange): Promise<void> {
    const { listener, backend } = after;
    const saved = await this.save().then(
      () => true,
      () => false,
    );
    if (before !== undefined && before.admin !== 'none' && after.admin === 'none') {
      this.#noteOwn('override_expired', listener, backend, before.adminNote?.why ?? null, describeMode(before), null, saved);
    }
    if (before?.weight !== undefined && after.weight === undefined) {
      this.#noteOwn('weight_expired', listener, backend, before.weightNote?.why ?? null, describeWeight(before), null, saved);
    }
  }

  /** A backend that comes under an old override, or leaves it behind: somebody may have forgotten it. */
  #tellOfOverridden({ what, listener, backend }: Change): void {
    if (what !== 'added' && what !== 'removed') return;
    const override = this.#state.overrides.of(listener, backend);
    if (override === undefined) return;
    const fields = { listener, backend, override: describeMode(override), weight_override: describeWeight(override) };
    const said =
      what === 'added' ? 'is there, and an earlier override of it holds' : 'is gone; its override is kept for when it comes back';
    this.#log.warn(fields, `${listener}/${backend} ${said}`);
  }

  /** Overrides of backends that are not there would be forgotten otherwise. */
  #noteAbsent(): void {
    const absent = [...this.#state.overrides.all()].filter(({ listener, backend }) => !this.#state.model.backend(listener, backend));
    if (absent.length === 0) return;
    const named = absent.slice(0, 10).map(({ listener, backend }) => `${listener}/${backend}`);
    this.#log.warn(
      { overrides: absent.length, backends: named },
      'overrides are kept of backends that are not configured; see /v1/overrides',
    );
  }

  #noteOwn(
    action: AuditAction,
    listener: string,
    backend: string,
    reason: string | null,
    before: unknown,
    after: unknown,
    saved = true,
  ): void {
    const result = saved ? 'done' : 'not_saved';
    void this.audit.note({
      action,
      listener,
      backend,
      caller: 'vitald',
      by: null,
      remote: null,
      reason,
      before,
      after,
      result,
      code: null,
      detail: null,
    });
  }
}

const droppedBecause = 'a reload: the configuration has it now, or does not allow it any more';
