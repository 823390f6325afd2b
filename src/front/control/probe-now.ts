/** Probes that were asked for: a few at a time, and no more than one a second of one target. */
import { setTimeout as sleep } from 'node:timers/promises';
import { fixedHolds } from '../http/limits.js';
import type { EnginePort } from './engine-port.js';
import { slotOf, type BackendView } from '../view/model.js';
import type { FrontState } from '../view/state.js';

/** Requests that wait for their probe; how many of one caller, access/holds.ts counts. */
const mostWaiting = fixedHolds.askedProbes.inAll;
/** Between two probes of one target that are asked for. */
const leastPauseMs = 1000;
const lookEveryMs = 10;
/** Beyond the timeout of the check: for when probes are late. */
const graceMs = 2000;

export type ProbeNow =
  /** It has ended: the backend’s last probe is that one, or a later one. */
  | 'ended'
  /** It will still come. */
  | 'not_in_time'
  | 'gone'
  | 'check_disabled'
  | 'stopping'
  | { readonly retryAfterMs: number; readonly why: string };

export class ProbesNow {
  readonly #state: FrontState;
  readonly #engine: Pick<EnginePort, 'ask'>;
  /** By unique target: when its last probe was asked for, monotonic ms. Only those of the last second. */
  readonly #askedAt = new Map<number, number>();
  #waiting = 0;

  constructor(state: FrontState, engine: Pick<EnginePort, 'ask'>) {
    this.#state = state;
    this.#engine = engine;
  }

  /** Probes a backend now, and waits until that probe has ended. Never rejects. */
  async probe(view: BackendView): Promise<ProbeNow> {
    const { listener, place } = view;
    if (!listener.plan.check.enabled) return 'check_disabled';
    const refusal = this.#refusal(listener.targets[place]!);
    if (refusal !== undefined) return refusal;
    this.#waiting++;
    try {
      return await this.#ask(view);
    } finally {
      this.#waiting--;
    }
  }

  #refusal(target: number): ProbeNow | undefined {
    const now = performance.now();
    for (const [other, at] of this.#askedAt) {
      if (now - at < leastPauseMs) break;
      this.#askedAt.delete(other);
    }
    const askedAt = this.#askedAt.get(target);
    if (askedAt !== undefined)
      return { retryAfterMs: askedAt + leastPauseMs - now, why: 'This backend was probed on request a moment ago' };
    if (this.#waiting >= mostWaiting) return { retryAfterMs: leastPauseMs, why: `${mostWaiting} requests wait for a probe already` };
    this.#askedAt.set(target, now);
    return undefined;
  }

  async #ask(view: BackendView): Promise<ProbeNow> {
    const { listener, place } = view;
    const { status } = this.#state.model;
    const slot = slotOf(view);
    const moment = this.#state.now();
    const before = status.probes(slot);
    const answer = await this.#engine.ask({ kind: 'probe', listener: listener.plan.name, backend: listener.backends.id(place) });
    if (!answer.done) {
      if (answer.why === 'check_disabled' || answer.why === 'stopping') return answer.why;
      return 'gone';
    }
    const giveUpAt = performance.now() + listener.plan.check.timeoutMs + graceMs;
    while (this.#state.model.status.probes(slot) === before) {
      if (moment.hasGone(slot)) return 'gone';
      if (performance.now() > giveUpAt) return 'not_in_time';
      await sleep(lookEveryMs);
    }
    return moment.hasGone(slot) ? 'gone' : 'ended';
  }
}
