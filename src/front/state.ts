/** All that the front knows: the plan in force, what changed lately, and who waits for a change. */
import type { Change, PlanMessage, ReloadMessage } from '../status/messages.js';
import { ChangeLog } from './change-log.js';
import { Model } from './model.js';
import { TransitionHistory } from './transitions.js';
import { Waiters } from './waiters.js';

/** Backends that the change log remembers beyond those of the plan: removed ones. */
const removedKept = 10_000;

export class FrontState {
  #model: Model;
  #reload: ReloadMessage;
  /** When a reload last succeeded, wall-clock ms; the start counts as one. */
  #reloadSuccessAt: number;
  readonly changes: ChangeLog;
  readonly transitions = new TransitionHistory();
  readonly waiters = new Waiters();

  constructor(plan: PlanMessage, reload: ReloadMessage, startedAt: number) {
    this.#model = new Model(plan);
    this.#reload = reload;
    this.#reloadSuccessAt = reload.ok ? reload.at : startedAt;
    this.changes = new ChangeLog(plan.revision);
  }

  get model(): Model {
    return this.#model;
  }

  get lastReload(): { readonly ok: boolean; readonly successAt: number } {
    return { ok: this.#reload.ok, successAt: this.#reloadSuccessAt };
  }

  /** Puts a new plan in force. What it keeps, keeps its changes and transitions. */
  applyPlan(message: PlanMessage): void {
    this.#model = new Model(message, this.#model);
    this.#record(message.changes);
    this.transitions.keepOnly(this.#model);
    this.changes.advance(message.revision);
    this.changes.limit(this.#model.backendCount + removedKept);
    this.#wake();
  }

  applyChanges(changes: readonly Change[]): void {
    this.#record(changes);
    this.#wake();
  }

  applyReload(message: ReloadMessage): void {
    this.#reload = message;
    if (message.ok) this.#reloadSuccessAt = message.at;
  }

  #record(changes: readonly Change[]): void {
    for (const change of changes) {
      this.changes.record(change.revision, change.listener, change.backend);
      this.transitions.record(change);
    }
  }

  #wake(): void {
    this.waiters.releaseChanged((since) => this.changes.changedSince(since) || !this.changes.knows(since));
  }
}
