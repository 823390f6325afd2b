/**
 * The daemon, composed: plan, engine and front. The only file that knows all parts.
 */
import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { longestProbeMs } from './config/detection.js';
import { renderProblem } from './config/problem.js';
import type { Environment, Machine } from './config/load.js';
import type { LoadedPlan } from './config/pack.js';
import type { PackedListener, PackedPlan, RuntimeBackends, ServerPlan } from './config/plan.js';
import { Engine, type Applied } from './engine/engine.js';
import { CodedError } from './errors.js';
import { FrontThread } from './front-thread.js';
import { openLocalNetwork } from './network/open-network.js';
import { loadPlan, type LoadReply } from './plan-loader.js';
import { createProbes } from './probes/registry.js';
import { realClock } from './schedule/clock.js';
import type { Command, CommandResult, FrontData, MembersCommand, PlanMessage, ReloadMessage } from './status/messages.js';
import { instantAfter, instantNow } from './status/instant.js';
import { restoreState, type RestoredState, type StateFolder } from './status/restore.js';
import type { SavedVerdict } from './status/snapshot.js';
import { version } from './version.js';

export interface DaemonOptions {
  /** Path of the configuration. */
  readonly file: string;
  readonly env: Environment;
  /** Facts about this machine, asked anew at each load: interfaces come and go. */
  machine(): Machine;
  readonly logFormat: 'json' | 'pretty';
  readonly logLevel: string;
  /** Of this process. */
  readonly processId: number;
  /** Version of the runtime, without a `v`. */
  readonly nodeVersion: string;
  /** Writes a sentence for the operator where no log can be written. */
  complain(sentence: string): void;
}

export interface Daemon {
  /**
   * Reads the configuration, begins to probe and to serve.
   *
   * @returns the URL of the API
   * @throws CodedError config_invalid, permission_missing, state_dir_not_writable, state_dir_in_use, address_in_use …
   */
  start(): Promise<string>;
  /** Reads the configuration again; one that is not right changes nothing but the log. Never rejects. */
  reload(): Promise<void>;
  /** Ends, within five seconds; the front saves the state. */
  stop(): Promise<void>;
}

export function createDaemon(options: DaemonOptions): Daemon {
  keepYoungGenerationSmall();
  return new RunningDaemon(options);
}

/**
 * V8 lets the space for new objects grow to 32 MB in every thread, and looks through it in one go: 10 ms and more when
 * much of it is to be kept, as while a plan of 100,000 backends is put in force. At its first size of 2 MB that takes
 * 1 to 2 ms, and the process is smaller by 60 MB. Reading a configuration takes a tenth more processor time.
 */
function keepYoungGenerationSmall(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
}

/** How long probes may wait while a plan is put in force. */
const sliceMs = 1;

class RunningDaemon implements Daemon {
  readonly #options: DaemonOptions;
  readonly #clock = realClock;
  readonly #startedAt = realClock.wallNow();
  readonly #front: FrontThread;
  #engine!: Engine;
  /** What an earlier process left, until the first plan has taken it up. */
  #restored: RestoredState | undefined;
  /** Undefined before the configuration said where. */
  #stateFolder: StateFolder | undefined;
  #plan: PlanMessage | undefined;
  #lastReload!: ReloadMessage;
  /** Reloads one after the other; a signal during one leads to one more. */
  #reloads: Promise<void> = Promise.resolve();
  #reloadWaiting = false;
  /** A plan that is being put in force: commands wait for it. */
  #applying: Promise<unknown> = Promise.resolve();
  readonly #stopping = new AbortController();

  constructor(options: DaemonOptions) {
    this.#options = options;
    this.#front = new FrontThread({
      data: () => this.#frontData(),
      onCommand: (command) => this.#execute(command),
      onCrash: (sentence) => this.#options.complain(sentence),
    });
  }

  start(): Promise<string> {
    const started = this.#start();
    // A signal that comes meanwhile waits its turn.
    this.#reloads = started.then(
      () => undefined,
      () => undefined,
    );
    return started;
  }

  async #start(): Promise<string> {
    try {
      return await this.#startWith(await this.#load());
    } catch (error) {
      await this.#stateFolder?.release();
      throw error;
    }
  }

  async #startWith(loaded: LoadReply): Promise<string> {
    const plan = planOf(loaded);
    const { control, snapshot, folder } = this.#restored!;
    this.#restored = undefined;
    this.#engine = this.#createEngine(snapshot.revision);
    this.#engine.override(control.overrides);
    const applied = await this.#apply(plan, { cause: 'start', runtime: loaded.runtime ?? [] }, snapshot.verdicts);
    this.#lastReload = { type: 'reload', ok: true, at: this.#clock.wallNow() };
    const url = await this.#front.start().catch((error: unknown) => {
      this.#engine.stop();
      throw error;
    });
    for (const problem of folder.problems) this.#front.notice('error', problem);
    for (const warning of folder.warnings) this.#front.notice('warn', warning);
    this.#tellWarnings(loaded, applied);
    return url;
  }

  reload(): Promise<void> {
    if (!this.#reloadWaiting) {
      this.#reloadWaiting = true;
      this.#reloads = this.#reloads.then(() => this.#reloadOnce());
    }
    return this.#reloads;
  }

  async stop(): Promise<void> {
    // A reload that is under way must not bring back to life what is closed here.
    this.#stopping.abort();
    await this.#reloads;
    this.#engine.stop();
    await this.#front.close();
    await this.#stateFolder?.release();
  }

  #load(): Promise<LoadReply> {
    const { file, env } = this.#options;
    const previous = this.#plan?.plan;
    const request = { file, env, machine: this.#options.machine(), ...(previous && { previous }) };
    return loadPlan(request, (server) => this.#runtimeFor(server), this.#stopping.signal);
  }

  /** Runtime backends in force; at the start those of an earlier process. */
  async #runtimeFor({ stateDir }: ServerPlan): Promise<RuntimeBackends> {
    if (this.#plan !== undefined) return this.#plan.runtime;
    this.#restored = await restoreState(stateDir, { processId: this.#options.processId, now: instantNow() });
    this.#stateFolder = this.#restored.folder;
    return this.#restored.control.runtime;
  }

  /** @param lastRevision of an earlier process */
  #createEngine(lastRevision: number): Engine {
    return new Engine({
      clock: this.#clock,
      network: openLocalNetwork(() => this.#clock.now()),
      createProbes,
      spreadStart: Math.random(),
      lastRevision,
      onChanges: (changes) => {
        this.#front.post({ type: 'changes', changes });
      },
    });
  }

  /**
   * Puts a plan in force and makes the message that tells the front of it.
   *
   * @throws CodedError permission_missing
   */
  async #apply(loaded: LoadedPlan, why: Pick<PlanMessage, 'cause' | 'runtime'>, saved?: readonly SavedVerdict[]): Promise<Applied> {
    const prepared = this.#engine.prepare(loaded);
    if ('problems' in prepared) throw new CodedError('permission_missing', prepared.problems.join('\n'));
    const applying = this.#engine.applyInSlices(prepared, { sliceMs, pause: () => this.#pause() }, saved);
    this.#applying = applying;
    const applied = await applying;
    this.#plan = {
      type: 'plan',
      ...why,
      number: (this.#plan?.number ?? 0) + 1,
      plan: prepared.plan,
      rows: applied.rows,
      table: this.#engine.table.memory,
      counters: this.#engine.counters.memory,
      revision: this.#engine.handedOnRevision,
      changes: [],
      settlesAt: this.#settlesAt(prepared.plan, applied.changedChecks),
    };
    return applied;
  }

  /** One turn of the event loop; when the daemon stops, what is begun is ended at once. */
  #pause(): Promise<void> {
    return this.#stopping.signal.aborted ? Promise.resolve() : setImmediate();
  }

  /** What the front was told of the plan in force. */
  get #message(): PlanMessage {
    return this.#plan!;
  }

  /** When the verdicts of changed checks rest on the new check at the latest: one interval to come round, then its window. */
  #settlesAt(plan: PackedPlan, changed: readonly string[]): PlanMessage['settlesAt'] {
    const now = instantNow();
    const names = new Set(changed);
    return plan.listeners
      .filter((listener) => names.has(listener.name))
      .map(({ name, check }) => {
        const probes = Math.max(check.healthyThreshold, check.unhealthyThreshold);
        return { listener: name, at: instantAfter(now, probes * (check.intervalMs + longestProbeMs(check))) };
      });
  }

  async #reloadOnce(): Promise<void> {
    this.#reloadWaiting = false;
    if (this.#stopping.signal.aborted) return;
    try {
      const loaded = await this.#load();
      if (this.#stopping.signal.aborted) return;
      const applied = await this.#apply(planOf(loaded), { cause: 'reload', runtime: loaded.runtime ?? [] });
      this.#front.post({ ...this.#message, changes: applied.changes });
      this.#reloaded(true);
      this.#tellWarnings(loaded, applied);
    } catch (error) {
      if (this.#stopping.signal.aborted) return;
      this.#reloaded(false);
      const text = error instanceof Error ? error.message : String(error);
      this.#front.notice('error', 'the new configuration is not valid; the old one stays in force', {
        file: this.#options.file,
        problems: text.split('\n'),
      });
    }
  }

  /** Does what the front asks for. Never rejects. */
  async #execute(command: Command): Promise<CommandResult> {
    // It may be the next one's turn by the time that one is in force.
    while (this.#engine.isChanging) await Promise.allSettled([this.#applying]);
    if (this.#stopping.signal.aborted) return { done: false, why: 'stopping' };
    switch (command.kind) {
      case 'override':
        this.#engine.override(command.overrides);
        return this.#done();
      case 'probe': {
        const answer = this.#engine.probeNow(command.listener, command.backend);
        return answer === 'due' ? this.#done() : { done: false, why: answer };
      }
      case 'members': {
        const changed = this.#reloads.then(() => this.#changeMembers(command));
        this.#reloads = changed.then(() => undefined);
        return changed;
      }
      default:
        return command satisfies never;
    }
  }

  #done(): CommandResult {
    return { done: true, revision: this.#engine.revisions.last };
  }

  /** Puts the plan in force with other backends in some listeners. Never rejects. */
  async #changeMembers({ basis, runtime, listeners }: MembersCommand): Promise<CommandResult> {
    if (this.#stopping.signal.aborted) return { done: false, why: 'stopping' };
    const { plan, number } = this.#message;
    if (basis !== number) return { done: false, why: 'stale' };
    const changed = new Map(listeners.map((listener) => [listener.name, listener]));
    const loaded = {
      plan: { ...plan, listeners: plan.listeners.map((listener) => ({ ...listener, ...withBackends(changed.get(listener.name)) })) },
      origins: plan.listeners.map(({ name }) => changed.get(name)?.origins),
    };
    try {
      const applied = await this.#apply(loaded, { cause: 'runtime_backends', runtime });
      this.#front.post({ ...this.#message, changes: applied.changes });
      return this.#done();
    } catch (error) {
      return { done: false, why: 'refused', detail: error instanceof Error ? error.message : String(error) };
    }
  }

  #reloaded(ok: boolean): void {
    this.#lastReload = { type: 'reload', ok, at: this.#clock.wallNow() };
    this.#front.post(this.#lastReload);
  }

  /** Warnings of the file, and each way of probing that is not what one would expect: once, with all listeners it concerns. */
  #tellWarnings(loaded: LoadReply, applied: Applied): void {
    for (const warning of loaded.warnings) this.#front.notice('warn', renderProblem(warning));
    for (const notice of loaded.notices ?? []) this.#front.notice('warn', notice);
    const listenersByWarning = new Map<string, string[]>();
    for (const { name, checkMethod } of applied.rows) {
      if (checkMethod.warning === undefined) continue;
      const listeners = listenersByWarning.get(checkMethod.warning);
      if (listeners === undefined) listenersByWarning.set(checkMethod.warning, [name]);
      else listeners.push(name);
    }
    for (const [warning, listeners] of listenersByWarning) this.#front.notice('warn', warning, { listeners });
  }

  #frontData(): FrontData {
    return {
      version,
      nodeVersion: this.#options.nodeVersion,
      logFormat: this.#options.logFormat,
      logLevel: this.#options.logLevel,
      // The memory may have grown since the plan was applied.
      plan: {
        ...this.#message,
        table: this.#engine.table.memory,
        counters: this.#engine.counters.memory,
        revision: this.#engine.handedOnRevision,
      },
      epoch: this.#engine.revisions.epoch,
      overrides: this.#engine.overrides,
      stateDir: this.#stateFolder?.dir,
      stateProblems: this.#stateFolder?.problems ?? [],
      reload: this.#lastReload,
      startedAt: this.#startedAt,
    };
  }
}

function withBackends(listener: MembersCommand['listeners'][number] | undefined): Partial<Pick<PackedListener, 'backends'>> {
  return listener === undefined ? {} : { backends: listener.backends };
}

/** @throws CodedError config_invalid with every problem on a line of its own */
function planOf({ plan, problems }: LoadReply): LoadedPlan {
  if (plan === undefined) throw new CodedError('config_invalid', problems.map(renderProblem).join('\n'));
  return plan;
}
