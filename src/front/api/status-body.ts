/**
 * The bodies of `/v1/status`: all backends, or what changed since a revision.
 *
 * Each is of one plan, and of the revision that was newest when it was begun: rows may be newer than it says, and then
 * are listed again in the next answer, never older. A long one is made while it is read, and a new plan may come into
 * force meanwhile. It goes on with its own plan, for the next answer tells what the new one changed. Only backends that
 * have gone are left out from then on: their rows may be another's by now, and the next answer names them as removed.
 */
import type { Readable } from 'node:stream';
import { bodyOf, SharedPieces } from '../http/body-stream.js';
import type { ChangedSince, Known, Listeners, RemovedBackend } from '../view/change-log.js';
import type { ListenerView, Model } from '../view/model.js';
import type { FrontState, Moment } from '../view/state.js';
import { TextWriter } from '../http/text-writer.js';
import { BackendJsonWriter } from './backend-json.js';

/**
 * Up to so many changed backends (some 6 MB) an answer is made once for all who ask for the same: 200 pollers that are
 * released together cost one. Longer ones are made for each reader: slow readers would keep too much of them.
 */
const sharedBackends = 16_384;

/** Makes bodies; within one turn of the event loop each that is shared is made once. */
export class StatusBodies {
  readonly #state: FrontState;
  readonly #thisTurn = new Map<string, SharedPieces>();
  /** What the kept bodies were made of; of anything newer they would be stale, even within the turn. */
  #madeOf: { readonly model: Model; readonly revision: number } | undefined;

  constructor(state: FrontState) {
    this.#state = state;
  }

  /**
   * @param since what the client knows: only what changed after it, or everything
   * @param listeners only their backends
   */
  body(since: Known, listeners?: Listeners): Buffer | Readable {
    const { changes } = this.#state;
    if (!changes.knows(since)) return bodyOf(completeBody(this.#state.now(), listeners));
    this.#forgetStale();
    const question = JSON.stringify([since, ...[...(listeners ?? [])].sort()]);
    const made = this.#thisTurn.get(question);
    if (made) return bodyOf(made);
    const changed = this.#changedSince(since, listeners);
    const pieces = changesBody(this.#state.now(), changed);
    return bodyOf(changed.slots.length > sharedBackends ? pieces : this.#share(question, new SharedPieces(pieces)));
  }

  #changedSince(since: number, listeners: Listeners): ChangedSince {
    const { changes, model } = this.#state;
    const changed = changes.since(since);
    if (listeners === undefined) return changed;
    return {
      slots: changed.slots.filter((slot) => listeners.has(model.backendAt(slot)?.listener.plan.name ?? '')),
      removed: changed.removed.filter(({ listener }) => listeners.has(listener)),
    };
  }

  #share(question: string, body: SharedPieces): SharedPieces {
    // What a probe writes between two turns is to be seen.
    if (this.#thisTurn.size === 0) setImmediate(() => this.#thisTurn.clear());
    this.#thisTurn.set(question, body);
    return body;
  }

  #forgetStale(): void {
    const { model, changes } = this.#state;
    if (this.#madeOf?.model === model && this.#madeOf.revision === changes.revision) return;
    this.#thisTurn.clear();
    this.#madeOf = { model, revision: changes.revision };
  }
}

/** All backends, in pieces. @param listeners only theirs */
export function* completeBody(moment: Moment, listeners?: Listeners): Generator<Buffer> {
  const body = new StatusBody(moment, true);
  for (const listener of moment.model.listeners) {
    if (listeners?.has(listener.plan.name) === false) continue;
    for (let place = 0; place < listener.slots.length; place++) {
      body.addBackend(listener, place);
      if (body.text.full) yield body.text.take();
    }
  }
  yield body.end([]);
}

function* changesBody(moment: Moment, { slots, removed }: ChangedSince): Generator<Buffer> {
  const { model } = moment;
  const body = new StatusBody(moment, false);
  for (const slot of slots) {
    const backend = model.backendAt(slot);
    if (backend) body.addBackend(backend.listener, backend.place);
    if (body.text.full) yield body.text.take();
  }
  // Membership is the model's to say, not the last change's: a backend removed and added again is present.
  yield body.end(removed.filter(({ listener, backend }) => !model.backend(listener, backend)));
}

class StatusBody {
  readonly text = new TextWriter();
  readonly #moment: Moment;
  readonly #backends: BackendJsonWriter;
  #separator = '';

  constructor(moment: Moment, complete: boolean) {
    const { model, epoch, revision } = moment;
    this.#moment = moment;
    this.#backends = new BackendJsonWriter(this.text, model);
    const checker = JSON.stringify(model.plan.checker);
    this.text.add(`{"checker":${checker},"epoch":"${epoch}","revision":${revision},"complete":${complete},"backends":[`);
  }

  addBackend(listener: ListenerView, place: number): void {
    if (this.#moment.hasGone(listener.slots[place]!)) return;
    this.text.add(this.#separator);
    this.#separator = ',';
    this.#backends.write(listener, place);
  }

  end(removed: readonly RemovedBackend[]): Buffer {
    this.text.add(`],"removed":[${removed.map(({ listener, backend }) => JSON.stringify({ listener, backend })).join(',')}]}`);
    return this.text.take();
  }
}
