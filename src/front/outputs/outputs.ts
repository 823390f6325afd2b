/** The outputs that run: those of the plan in force. A reload touches only those whose options changed. */
import { isDeepStrictEqual } from 'node:util';
import type { Logger } from 'pino';
import type { OutputPlan } from '../../config/plan.js';
import type { Change } from '../../status/messages.js';
import type { FrontState } from '../state.js';
import { BackendsView } from './backends-view.js';
import type { Output, OutputKind, OutputState } from './output.js';

interface RunningOutput {
  readonly plan: OutputPlan;
  readonly output: Output;
}

export interface OutputsOptions {
  readonly kinds: readonly OutputKind[];
  readonly state: FrontState;
  readonly log: Logger;
  readonly version: string;
}

export class Outputs {
  readonly #options: OutputsOptions;
  readonly #view: BackendsView;
  /**
   * The revision at which the outputs that are made next begin. The first ones begin where the front did: verdicts that
   * came before it could serve are news to them.
   */
  #since: number | undefined;
  /** By name, in the order of the plan. */
  #running = new Map<string, RunningOutput>();
  #closing = false;

  constructor(options: OutputsOptions) {
    this.#options = options;
    this.#view = new BackendsView(options.state);
    this.#since = this.#view.revision;
  }

  /** Starts, ends and keeps outputs, so that those of the plan run. */
  apply(plans: readonly OutputPlan[]): void {
    if (this.#closing) return;
    const before = this.#running;
    this.#running = new Map();
    const begun: Output[] = [];
    for (const plan of plans) {
      const known = before.get(plan.name);
      const stays = known !== undefined && isDeepStrictEqual(known.plan, plan);
      const running = stays ? known : { plan, output: this.#create(plan) };
      if (stays) before.delete(plan.name);
      else begun.push(running.output);
      this.#running.set(plan.name, running);
    }
    this.#since = undefined;
    // First those that end: they may hold the address that another is to have.
    void Promise.allSettled([...before.values()].map(({ output }) => output.close())).then(() => {
      if (!this.#closing) for (const output of begun) output.start();
    });
  }

  /** Tells all of them. */
  changed(changes: readonly Change[]): void {
    for (const { plan, output } of this.#running.values()) {
      try {
        output.changed(changes);
      } catch (error) {
        this.#options.log.error({ output: plan.name, err: error }, 'an output failed to take note of changes; this is a bug');
      }
    }
  }

  /** The first output of a kind that wants to be asked by the API. */
  ofType(type: string): Output | undefined {
    return [...this.#running.values()].find(({ plan }) => plan.type === type)?.output;
  }

  states(): { readonly name: string; readonly type: string; readonly state: OutputState }[] {
    return [...this.#running.values()].map(({ plan, output }) => ({ name: plan.name, type: plan.type, state: output.state() }));
  }

  async close(): Promise<void> {
    this.#closing = true;
    await Promise.allSettled([...this.#running.values()].map(({ output }) => output.close()));
  }

  #create({ name, type, options }: OutputPlan): Output {
    const kind = this.#options.kinds.find((one) => one.name === type)!;
    const log = this.#options.log.child({ output: name });
    const since = this.#since ?? this.#view.revision;
    return kind.create({ name, options, view: this.#view, since, log, version: this.#options.version });
  }
}
