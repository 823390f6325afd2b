/**
 * The outputs that run: those of the plan in force. A reload touches only those whose options changed.
 *
 * What an output does wrong, it does to itself alone: one that throws is logged, one that does not close is left behind.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Logger } from 'pino';
import type { OutputPlan } from '../../config/plan.js';
import type { Change } from '../../messages.js';
import type { FrontState } from '../view/state.js';
import { outputSecretsHider } from '../../config/secrets.js';
import { BackendsView, type WriteStatus } from './backends-view.js';
import { discreetLog, discreetState } from './discreet.js';
import type { Output, OutputKind, OutputState } from './output.js';

/** An output that takes longer to close is not waited for. */
const closeWithinMs = 1000;

interface RunningOutput {
  readonly plan: OutputPlan;
  readonly output: Output;
  /** Takes its secrets out of a text; undefined: it has none. */
  readonly hide: ((text: string) => string) | undefined;
  /** It waits for others to end before it starts: they may hold the address that it is to have. */
  started: boolean;
}

/** An output as the API and metrics show it. */
export interface ShownOutput {
  readonly name: string;
  readonly type: string;
  readonly state: OutputState;
  /** How many changes the other side does not know yet; undefined where nobody can know. */
  readonly behind: number | undefined;
}

export interface OutputsOptions {
  readonly kinds: readonly OutputKind[];
  readonly state: FrontState;
  readonly writeStatus: WriteStatus;
  readonly log: Logger;
  readonly version: string;
  /** For tests: how long an output may take to close, ms. */
  readonly closeWithinMs?: number;
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
  /** Ends when the outputs of earlier plans have ended. */
  #ending: Promise<void> = Promise.resolve();
  #closing = false;

  constructor(options: OutputsOptions) {
    this.#options = options;
    this.#view = new BackendsView(options.state, options.writeStatus);
    this.#since = this.#view.revision;
  }

  /** Starts, ends and keeps outputs, so that those of the plan run. Those that begin do so when those that end have ended. */
  apply(plans: readonly OutputPlan[]): void {
    if (this.#closing) return;
    const before = this.#running;
    this.#running = new Map();
    for (const plan of plans) {
      const known = before.get(plan.name);
      const running = known !== undefined && isDeepStrictEqual(known.plan, plan) ? known : this.#create(plan);
      if (running === undefined) continue;
      if (running === known) before.delete(plan.name);
      this.#running.set(plan.name, running);
    }
    this.#since = undefined;
    const ended = [...before.values()].map((running) => this.#end(running));
    this.#ending = Promise.all([this.#ending, ...ended]).then(() => this.#startAll());
  }

  /** Tells all of them. */
  changed(changes: readonly Change[]): void {
    if (changes.length === 0) return;
    for (const { plan, output, started } of this.#running.values()) {
      // One that has not begun looks at all there is when it does.
      if (started) this.#guarded(plan, 'take note of changes', () => output.changed(changes));
    }
  }

  /** The first output of a kind that wants to be asked by the API. */
  ofType(type: string): Output | undefined {
    return [...this.#running.values()].find(({ plan }) => plan.type === type)?.output;
  }

  states(): readonly ShownOutput[] {
    const { revision } = this.#view;
    return [...this.#running.values()].flatMap(({ plan, output, hide }) => {
      const state = this.#guarded(plan, 'tell its state', () => discreetState(output.state(), hide));
      if (state === undefined) return [];
      const behind = state.revision === undefined ? undefined : Math.max(revision - state.revision, 0);
      return [{ name: plan.name, type: plan.type, state, behind }];
    });
  }

  async close(): Promise<void> {
    this.#closing = true;
    await Promise.all([...this.#running.values()].map((running) => this.#end(running)));
  }

  #startAll(): void {
    if (this.#closing) return;
    for (const running of this.#running.values()) {
      if (running.started) continue;
      running.started = true;
      this.#guarded(running.plan, 'start', () => running.output.start());
    }
  }

  /** Resolves when the output has closed, or has taken too long. */
  async #end({ plan, output }: RunningOutput): Promise<void> {
    const { log, closeWithinMs: withinMs = closeWithinMs } = this.#options;
    let timer: NodeJS.Timeout | undefined;
    const tooLong = new Promise<void>((resolve) => {
      timer = setTimeout(() => {
        log.warn({ output: plan.name }, `an output did not close within ${withinMs / 1000} s; it is left behind`);
        resolve();
      }, withinMs);
    });
    const closed = Promise.resolve(this.#guarded(plan, 'close', () => output.close()));
    await Promise.race([closed.catch((error: unknown) => this.#isBug(plan, 'close', error)), tooLong]);
    clearTimeout(timer);
  }

  #create(plan: OutputPlan): RunningOutput | undefined {
    const { name, type, options } = plan;
    const kind = this.#options.kinds.find((one) => one.name === type);
    if (kind === undefined) return undefined;
    const hide = outputSecretsHider(options, kind.secrets ?? []);
    const log = discreetLog(this.#options.log.child({ output: name }), hide);
    const { version } = this.#options;
    const since = this.#since ?? this.#view.revision;
    const output = this.#guarded(plan, 'be made', () => kind.create({ name, options, view: this.#view, since, log, version }));
    return output && { plan, output, hide, started: false };
  }

  /** No output can stop the thread that serves all of them, and the API. */
  #guarded<T>(plan: OutputPlan, what: string, call: () => T): T | undefined {
    try {
      return call();
    } catch (error) {
      this.#isBug(plan, what, error);
      return undefined;
    }
  }

  #isBug({ name }: OutputPlan, what: string, error: unknown): void {
    this.#options.log.error({ output: name, err: error }, `an output failed to ${what}; this is a bug`);
  }
}
