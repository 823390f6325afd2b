/** Reads the configuration: at the start together with the saved state, at a reload compared with the plan in force. */
import { renderProblem } from '../config/problem.js';
import type { Environment, Machine } from '../config/load.js';
import type { LoadedPlan } from '../config/pack.js';
import type { RuntimeBackends } from '../config/plan.js';
import { CodedError } from '../errors.js';
import { instantNow } from '../instant.js';
import type { PlanMessage } from '../messages.js';
import { restoreState, type RestoredState, type StateFolder } from '../persistence/restore.js';
import { loadPlan, type LoadReply } from '../plan-loader.js';

export interface LoadingOptions {
  /** Path of the configuration. */
  readonly file: string;
  readonly env: Environment;
  /** Facts about this machine. Read at each load, because interfaces come and go. */
  machine(): Machine;
  /** PID of the daemon process. */
  readonly processId: number;
  /** Writes a sentence for the operator where no log can be written. */
  complain(sentence: string): void;
}

export interface Loaded {
  readonly plan: LoadedPlan;
  /** Runtime backends that the plan contains. */
  readonly runtime: RuntimeBackends;
  /** Answer of the loader, with its warnings and notices. */
  readonly reply: LoadReply;
}

export class Loading {
  readonly #options: LoadingOptions;
  readonly #stopping: AbortSignal;
  /** Undefined until the configuration is read, and after the folder is released. */
  #folder: StateFolder | undefined;

  /** @param stopping when aborted, a load in progress rejects */
  constructor(options: LoadingOptions, stopping: AbortSignal) {
    this.#options = options;
    this.#stopping = stopping;
  }

  get folder(): StateFolder | undefined {
    return this.#folder;
  }

  /** Releases the state folder once: later, another process may own it. */
  async releaseFolder(): Promise<void> {
    const folder = this.#folder;
    this.#folder = undefined;
    await folder?.release();
  }

  /** @throws CodedError config_invalid, state_dir_not_writable, state_dir_in_use */
  async first(): Promise<Loaded & { readonly restored: RestoredState }> {
    const found: { restored?: RestoredState } = {};
    const reply = await loadPlan(
      this.#request(),
      async ({ stateDir }) => {
        found.restored = await this.#restore(stateDir);
        return found.restored.control.runtime;
      },
      this.#stopping,
    );
    const loaded = loadedOf(reply);
    if (found.restored === undefined) throw new Error('a plan was loaded without the backends of the state folder');
    return { ...loaded, restored: found.restored };
  }

  /** @throws CodedError config_invalid */
  async again({ plan: previous, runtime }: PlanMessage): Promise<Loaded> {
    return loadedOf(await loadPlan({ ...this.#request(), previous }, () => Promise.resolve(runtime), this.#stopping));
  }

  #request() {
    const { file, env } = this.#options;
    return { file, env, machine: this.#options.machine() };
  }

  async #restore(stateDir: string | undefined): Promise<RestoredState> {
    const { processId } = this.#options;
    const signal = this.#stopping;
    const onWait = (sentence: string): void => this.#options.complain(sentence);
    const restored = await restoreState(stateDir, { processId, now: instantNow(), signal, onWait });
    if (signal.aborted) await restored.folder.release();
    signal.throwIfAborted();
    this.#folder = restored.folder;
    return restored;
  }
}

/** @throws CodedError config_invalid with every problem on a line of its own */
function loadedOf(reply: LoadReply): Loaded {
  const { plan, problems, runtime = [] } = reply;
  if (plan === undefined) throw new CodedError('config_invalid', problems.map(renderProblem).join('\n'));
  return { plan, runtime, reply };
}
