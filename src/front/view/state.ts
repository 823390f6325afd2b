/** All that the front knows: the plan in force, what changed lately, and who waits for a change. */
import { newEpoch } from '../../status/epoch.js';
import type { Change, Override, PlanMessage, ReloadMessage } from '../../messages.js';
import { ChangeLog } from './change-log.js';
import { OverrideStore } from './override-store.js';
import { RuntimeStore } from './runtime-store.js';
import { EventLog } from './events/event-log.js';
import { EventReaders } from './events/event-readers.js';
import { Model } from './model.js';
import { noSaves, type StateSaves } from './state-saves.js';
import { TransitionHistory } from './transitions.js';
import { Waiters } from './waiters.js';

/** Removed backends that the change log remembers. */
const removedKept = 10_000;

/**
 * What was in force at one moment, for an answer that takes longer to write. It goes on with its own plan should a new
 * one come meanwhile; only backends that have gone are to be left out from then on.
 */
export interface Moment {
  readonly model: Model;
  readonly epoch: string;
  /** The newest then: what is read from the table may be newer, never older. */
  readonly revision: number;
  /** True where the backend of this slot has gone since: its row may be another's by now. */
  hasGone(slot: number): boolean;
}

export class FrontState {
  #model: Model;
  #reload: ReloadMessage;
  /** When a reload last succeeded, wall-clock ms; the start counts as one. */
  #reloadSuccessAt: number;
  /** Of the plan in force: see {@link PlanMessage.number}. */
  #planNumber: number;
  #runtime: RuntimeStore;
  /** Whose revisions these are: an answer to a client that names another epoch cannot rest on what that client knows. */
  readonly epoch: string;
  readonly changes: ChangeLog;
  readonly saves: StateSaves;
  /** What operators said; see control/. */
  readonly overrides: OverrideStore;
  /** The same as `changes`, told one after the other. */
  readonly events: EventLog;
  readonly eventReaders: EventReaders;
  readonly transitions = new TransitionHistory();
  readonly waiters = new Waiters();
  /** Who waits in {@link appliedUpTo}. */
  readonly #learning: (() => void)[] = [];

  /**
   * @param more the engine's epoch, by default a new one; overrides that hold already; how it goes with the state folder,
   * by default: there is none
   */
  constructor(
    plan: PlanMessage,
    reload: ReloadMessage,
    startedAt: number,
    more: { epoch?: string; overrides?: readonly Override[]; saves?: StateSaves } = {},
  ) {
    const { epoch = newEpoch(), overrides = [], saves = noSaves() } = more;
    this.epoch = epoch;
    this.saves = saves;
    this.#model = new Model(plan);
    this.#planNumber = plan.number;
    this.#runtime = new RuntimeStore(plan.runtime);
    this.overrides = new OverrideStore(overrides);
    this.#reload = reload;
    this.#reloadSuccessAt = reload.ok ? reload.at : startedAt;
    this.changes = new ChangeLog(plan.revision);
    this.events = new EventLog({ epoch, revision: plan.revision });
    this.eventReaders = new EventReaders(this.events, { most: () => this.#model.plan.server.access.holds.streams });
  }

  get model(): Model {
    return this.#model;
  }

  get planNumber(): number {
    return this.#planNumber;
  }

  /** Backends that came over the API. */
  get runtime(): RuntimeStore {
    return this.#runtime;
  }

  now(): Moment {
    const { changes, epoch } = this;
    const { revision } = changes;
    return { model: this.#model, epoch, revision, hasGone: (slot) => changes.ownerLeftSince(revision, slot) };
  }

  get lastReload(): { readonly ok: boolean; readonly successAt: number } {
    return { ok: this.#reload.ok, successAt: this.#reloadSuccessAt };
  }

  /** Puts a new plan in force. What it keeps, keeps its changes and transitions. */
  applyPlan(message: PlanMessage): void {
    this.#model = new Model(message, this.#model);
    this.#planNumber = message.number;
    this.#runtime = new RuntimeStore(message.runtime);
    this.#record(message.changes);
    this.changes.advance(message.revision);
    this.events.advance(message.revision);
    this.changes.limitRemoved(removedKept);
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

  /** Resolves when all changes up to a revision are known here. */
  async appliedUpTo(revision: number): Promise<void> {
    while (this.changes.revision < revision) await new Promise<void>((resolve) => this.#learning.push(resolve));
  }

  #record(changes: readonly Change[]): void {
    for (const change of changes) {
      const { revision, slot, listener, backend } = change;
      if (change.what === 'removed') this.changes.recordRemoved(revision, slot, listener, backend);
      else this.changes.record(revision, slot, listener);
      this.transitions.record(change);
    }
    this.events.add(changes, this.#model);
  }

  #wake(): void {
    for (const learned of this.#learning.splice(0)) learned();
    this.eventReaders.wake();
    this.waiters.releaseChanged((since, listeners) => this.changes.changedSince(since, listeners) || !this.changes.knows(since));
  }
}
