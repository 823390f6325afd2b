/** The bodies of `/v1/status`: all backends, or what changed since a revision. */
import type { BackendView, Model } from '../model.js';
import type { FrontState } from '../state.js';
import { TextPieces } from '../text-pieces.js';
import { backendJson } from './backend-json.js';

/** Makes bodies; within one turn of the event loop each is made once, so that 200 pollers released together share one. */
export class StatusBodies {
  readonly #state: FrontState;
  readonly #thisTurn = new Map<number | 'complete', Buffer>();
  /** What the kept bodies were made of; of anything newer they would be stale, even within the turn. */
  #madeOf: { readonly model: Model; readonly revision: number } | undefined;

  constructor(state: FrontState) {
    this.#state = state;
  }

  /**
   * @param since only what changed after this revision; undefined, or a revision that is not known: everything
   */
  body(since: number | undefined): Buffer {
    this.#forgetStale();
    const which = since !== undefined && this.#state.changes.knows(since) ? since : 'complete';
    let body = this.#thisTurn.get(which);
    if (!body) {
      body = which === 'complete' ? completeBody(this.#state) : changesBody(this.#state, which);
      // What a probe writes between two turns is to be seen.
      if (this.#thisTurn.size === 0) setImmediate(() => this.#thisTurn.clear());
      this.#thisTurn.set(which, body);
    }
    return body;
  }

  #forgetStale(): void {
    const { model, changes } = this.#state;
    if (this.#madeOf?.model === model && this.#madeOf.revision === changes.revision) return;
    this.#thisTurn.clear();
    this.#madeOf = { model, revision: changes.revision };
  }
}

function completeBody({ model, changes }: FrontState): Buffer {
  return statusBody(
    model,
    changes.revision,
    true,
    model.listeners.map(({ backends }) => backends),
    '',
  );
}

/** Membership is the model's to say, not the last change's: a backend removed and added again is present. */
function changesBody({ model, changes }: FrontState, since: number): Buffer {
  const present: BackendView[] = [];
  const removed: string[] = [];
  for (const { listener, backend } of changes.since(since)) {
    const view = model.backend(listener, backend);
    if (view) present.push(view);
    else removed.push(JSON.stringify({ listener, backend }));
  }
  return statusBody(model, changes.revision, false, [present], removed.join(','));
}

/**
 * @param revision taken before any row is read: rows may be newer, and then are listed again; never older
 */
function statusBody(
  model: Model,
  revision: number,
  complete: boolean,
  groups: readonly (readonly BackendView[])[],
  removed: string,
): Buffer {
  const text = new TextPieces();
  text.add(`{"checker":${JSON.stringify(model.plan.checker)},"revision":${revision},"complete":${complete},"backends":[`);
  let separator = '';
  for (const backends of groups) {
    for (const backend of backends) {
      text.add(separator + backendJson(backend, model.status));
      separator = ',';
    }
  }
  text.add(`],"removed":[${removed}]}`);
  return text.bytes();
}
