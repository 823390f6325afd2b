/**
 * Whether a listener's verdicts say enough to act on them.
 *
 * A backend without a verdict is not routed to (`initial: exclude`). That is right for one that comes to a pool, and
 * wrong for a pool: right after a start all its backends are without a verdict, and whoever tells a load balancer so
 * takes a service down that nobody has found ill; whoever tells it at the first verdict sends all traffic to one
 * backend. So a listener settles
 *
 *   at first      when none of its backends waits for a verdict any more;
 *   from then on  after each reload, when no more than half of them wait. Some that come must not freeze the others.
 *
 * A backend waits until it was probed as often as a verdict takes; one that passes and fails in turn waits no longer. One
 * that could never be probed (`indeterminate` every time: the checker's own fault) goes on waiting.
 */
import type { ListenerView, Model } from '../view/model.js';
import type { FrontState } from '../view/state.js';

export class Settling {
  readonly #state: FrontState;
  /** Those that settled in the plan in force: that stays so. */
  readonly #settled = new Set<ListenerView>();
  /** Names of those that settled at any time. */
  #everSettled = new Set<string>();
  #model: Model | undefined;

  constructor(state: FrontState) {
    this.#state = state;
  }

  /** @param listener of the plan in force */
  isSettled(listener: ListenerView): boolean {
    const { model } = this.#state;
    if (model !== this.#model) this.#follow(model);
    if (this.#settled.has(listener)) return true;
    const { name } = listener.plan;
    const mayWait = this.#everSettled.has(name) ? Math.floor(listener.slots.length / 2) : 0;
    if (moreWait(model, listener, mayWait)) return false;
    this.#settled.add(listener);
    this.#everSettled.add(name);
    return true;
  }

  #follow(model: Model): void {
    this.#model = model;
    this.#settled.clear();
    this.#everSettled = new Set([...this.#everSettled].filter((name) => model.listener(name) !== undefined));
  }
}

function moreWait({ status }: Model, { plan, slots }: ListenerView, mayWait: number): boolean {
  const { initialPasses, unhealthyThreshold } = plan.check;
  const probesOfVerdict = Math.max(initialPasses, unhealthyThreshold);
  let waiting = 0;
  for (const slot of slots) {
    if (status.routable(slot) || status.because(slot) !== 'initial') continue;
    const wasJudged = status.runLength(slot) > 0 && status.probes(slot) >= probesOfVerdict;
    if (!wasJudged && ++waiting > mayWait) return true;
  }
  return false;
}
