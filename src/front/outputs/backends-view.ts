/** What outputs see of the backends: the present, as small plain objects. */
import type { Reason } from '../../health/reasons.js';
import type { RoutableBecause } from '../../health/routable.js';
import type { State } from '../../health/state.js';
import { idOf, slotOf, type BackendView } from '../view/model.js';
import { StatusRow } from '../../status/reader.js';
import type { FrontState, Moment } from '../view/state.js';
import { Settling } from './settling.js';
import type { StateTransition } from '../view/transitions.js';

export interface OutputBackend {
  readonly listener: string;
  readonly backend: string;
  readonly address: string;
  readonly port: number;
  /** The one that is in force. */
  readonly weight: number;
  /** The one of the file, or of the runtime backend. */
  readonly configuredWeight: number;
  readonly state: State;
  /** Since when it is in this state, wall-clock ms since the epoch. */
  readonly since: number;
  readonly routable: boolean;
  readonly because: RoutableBecause;
  readonly stale: boolean;
  /** How the last probe ended; undefined before the first one. */
  readonly reason: Reason | undefined;
  readonly revision: number;
}

export interface ChangedSlots {
  readonly slots: readonly number[];
  readonly removed: readonly { readonly revision: number; readonly listener: string; readonly backend: string }[];
  /** False where the revision is too old to know: backends that were removed may be missing. */
  readonly isComplete: boolean;
}

/** Writes all backends of a moment as `/v1/status` answers, in pieces; each is made when it is asked for. */
export type WriteStatus = (moment: Moment) => Iterable<Buffer>;

export class BackendsView {
  readonly #state: FrontState;
  readonly #writeStatus: WriteStatus;
  readonly #settling: Settling;
  /** What was read of the table last. */
  readonly #row = new StatusRow();

  constructor(state: FrontState, writeStatus: WriteStatus) {
    this.#state = state;
    this.#writeStatus = writeStatus;
    this.#settling = new Settling(state);
  }

  get checker(): string {
    return this.#state.model.plan.checker;
  }

  /** Whose revisions these are. */
  get epoch(): string {
    return this.#state.epoch;
  }

  /** The newest revision. */
  get revision(): number {
    return this.#state.changes.revision;
  }

  /** False until something is known of every enabled backend: what is shown before is no verdict. */
  get isReady(): boolean {
    return this.#state.model.unknownCount() === 0;
  }

  /**
   * Whether what is shown of a listener, or of all, may be acted on: false while vitald has just started, or a reload has
   * replaced most of the backends. Whoever acts on it anyway empties a pool that nobody has found ill. See settling.ts.
   */
  isSettled(listener?: string): boolean {
    const { model } = this.#state;
    if (listener === undefined) return model.listeners.every((one) => this.#settling.isSettled(one));
    const found = model.listener(listener);
    return found !== undefined && this.#settling.isSettled(found);
  }

  /** Names of all listeners, in the order of the file. */
  get listeners(): readonly string[] {
    return this.#state.model.listeners.map(({ plan }) => plan.name);
  }

  hasListener(listener: string): boolean {
    return this.#state.model.listener(listener) !== undefined;
  }

  /**
   * The backends of one listener, or of all, in the order of the file. It may be read over several turns of the event
   * loop: it goes on with the plan that was in force when it began, without the backends that have gone since.
   */
  *backends(listener?: string): Generator<OutputBackend> {
    const moment = this.#state.now();
    const { model } = moment;
    const listeners = listener === undefined ? model.listeners : [model.listener(listener)];
    for (const one of listeners) {
      if (one === undefined) continue;
      for (let place = 0; place < one.slots.length; place++) {
        if (!moment.hasGone(one.slots[place]!)) yield this.#shown({ listener: one, place }, model);
      }
    }
  }

  /** How many backends a listener has; 0 where there is no such listener. */
  size(listener: string): number {
    return this.#state.model.listener(listener)?.slots.length ?? 0;
  }

  /** All backends as `/v1/status` answers, in pieces; each is made when it is asked for. */
  statusBody(): { readonly revision: number; readonly pieces: Iterable<Buffer> } {
    const moment = this.#state.now();
    return { revision: moment.revision, pieces: this.#writeStatus(moment) };
  }

  /** The weights in force of a listener's backends, added up. */
  totalWeight(listener: string): number {
    const { model } = this.#state;
    let total = 0;
    for (const slot of model.listener(listener)?.slots ?? []) total += model.status.weight(slot);
    return total;
  }

  backend(listener: string, id: string): OutputBackend | undefined {
    const found = this.#state.model.backend(listener, id);
    return found && this.#shown(found);
  }

  /**
   * What changed after a revision: backends by their slots, in the order of their latest change, and those that are gone.
   * Whoever goes through it in many turns of the event loop looks each up when it is needed, by {@link at}.
   */
  changedSlots(revision: number): ChangedSlots {
    const { changes, model } = this.#state;
    const { slots, removed } = changes.since(revision);
    const gone = removed.filter(({ listener, backend }) => model.backend(listener, backend) === undefined);
    return { slots, removed: gone, isComplete: changes.knows(revision) };
  }

  /** The slots of all backends, in the order of the file. */
  allSlots(): number[] {
    return this.#state.model.listeners.flatMap(({ slots }) => [...slots]);
  }

  /** The backend that is in this slot now; undefined where none is. */
  at(slot: number): OutputBackend | undefined {
    const found = this.#state.model.backendAt(slot);
    return found && this.#shown(found);
  }

  /** Changes of state of the backend in this slot, newest first; the last few of them are known. */
  transitionsAt(slot: number): StateTransition[] {
    return this.#state.transitions.of(slot);
  }

  /** What the last probe of a backend found; undefined before the first one. */
  lastProbe(listener: string, id: string): { readonly reason: Reason; readonly detail: string } | undefined {
    const found = this.#state.model.backend(listener, id);
    return found && this.#state.model.status.read(slotOf(found)).lastProbe;
  }

  #shown(view: BackendView, { status } = this.#state.model): OutputBackend {
    const { listener, place } = view;
    status.copy(slotOf(view), this.#row);
    const { state, since, routable, because, stale, weight, probes, reason, revision } = this.#row;
    const { backends } = listener;
    const id = idOf(view);
    const port = backends.port(place);
    return {
      listener: listener.plan.name,
      backend: id,
      address: backends.address(place),
      port,
      weight,
      configuredWeight: backends.weight(place),
      state,
      since,
      routable,
      because,
      stale,
      reason: probes === 0 ? undefined : reason,
      revision,
    };
  }
}
