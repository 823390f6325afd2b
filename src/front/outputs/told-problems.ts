/** Logs the problems of an output when they come and when they are over, instead of each time that they are met. */
import type { OutputContext } from './output.js';

/** Different problems that are logged until all is well again. */
const mostTold = 50;

export class ToldProblems {
  readonly #log: OutputContext['log'];
  readonly #kind: string;
  readonly #told = new Set<string>();

  /** @param kind whom it concerns, for people: `Envoy` */
  constructor(log: OutputContext['log'], kind: string) {
    this.#log = log;
    this.#kind = kind;
  }

  /** @param problem the present one; undefined: all is well */
  tell(problem: string | undefined): void {
    if (problem === undefined) {
      if (this.#told.size > 0) this.#log.info({}, `${this.#kind} follows everything again`);
      this.#told.clear();
      return;
    }
    if (this.#told.has(problem) || this.#told.size >= mostTold) return;
    this.#told.add(problem);
    this.#log.warn({ problem }, `${this.#kind} does not follow everything: ${problem}`);
  }
}
