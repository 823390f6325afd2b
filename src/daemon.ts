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
import { CodedError, shortageOf } from './errors.js';
import { FrontThread } from './front-thread.js';
import { openLocalNetwork } from './network/open-network.js';
import { loadersEnded, loadPlan, type LoadReply } from './plan-loader.js';
import { prepareRawSockets } from './probes/raw/poller.js';
import { createProbes } from './probes/registry.js';
import { realClock } from './schedule/clock.js';
import type { Command, CommandResult, FrontData, MembersCommand, PlanMessage, ReloadMessage } from './messages.js';
import { instantAfter, instantNow } from './instant.js';
import { restoreState, type RestoredState, type StateFolder } from './persistence/restore.js';
import type { SavedVerdict } from './persistence/snapshot.js';
import { version } from './version.js';
import { within } from './within.js';

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
  /**
   * Ends, within four and a half seconds, also while it starts; the front saves the state.
   *
   * @returns what could not be ended, for people; empty if all is well
   */
  stop(): Promise<readonly string[]>;
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

/** Pauses before a reload is tried again that met a shortage of the machine; they double. */
const firstReloadRetryMs = 1000;
const longestReloadRetryMs = 30_000;

/** How long probes may wait while a plan is put in force. */
const sliceMs = 1;
/** The parts of a stop; beside them the front takes some three seconds. */
const reloadEndsWithinMs = 500;
const releaseWithinMs = 300;
const loaderEndsWithinMs = 300;

class RunningDaemon implements Daemon {
  readonly #options: DaemonOptions;
  readonly #clock = realClock;
  readonly #startedAt = realClock.wallNow();
  readonly #front: FrontThread;
  /** Undefined until the first plan is read. */
  #engineIfAny: Engine | undefined;
  /** What an earlier process left, until the first plan has taken it up. */
  #restored: RestoredState | undefined;
  /** Undefined before the configuration said where. */
  #stateFolder: StateFolder | undefined;
  #plan: PlanMessage | undefined;
  #lastReload!: ReloadMessage;
  /** Reloads one after the other; a signal during one leads to one more. */
  #reloads: Promise<void> = Promise.resolve();
  #reloadWaiting = false;
  /** Runs until a reload is tried again that met a shortage. */
  #reloadRetry: NodeJS.Timeout | undefined;
  #reloadRetryMs = firstReloadRetryMs;
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
      await this.#releaseFolder();
      const shortage = shortageOf(error);
      throw shortage === undefined ? error : new CodedError('machine_shortage', `vitald does not start: ${shortage}`, { cause: error });
    }
  }

  async #startWith(loaded: LoadReply): Promise<string> {
    const plan = planOf(loaded);
    const { control, snapshot, folder } = this.#restored!;
    this.#restored = undefined;
    this.#stopping.signal.throwIfAborted();
    this.#engineIfAny = this.#createEngine(snapshot.revision);
    this.#engine.override(control.overrides);
    const applied = await this.#apply(plan, { cause: 'start', runtime: loaded.runtime ?? [] }, snapshot.verdicts);
    this.#lastReload = { type: 'reload', ok: true, at: this.#clock.wallNow() };
    this.#stopping.signal.throwIfAborted();
    const url = await this.#front.start().catch((error: unknown) => {
      this.#engine.stop();
      this.#engineIfAny = undefined;
      throw error;
    });
    for (const problem of folder.problems) this.#front.notice('error', problem);
    for (const warning of folder.warnings) this.#front.notice('warn', warning);
    this.#awaitFolder(folder);
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

  async stop(): Promise<readonly string[]> {
    clearTimeout(this.#reloadRetry);
    // A reload that is under way must not bring back to life what is closed here.
    this.#stopping.abort();
    const leftBehind: string[] = [];
    await within(this.#reloads, reloadEndsWithinMs);
    this.#engineIfAny?.stop();
    if (!(await this.#front.close())) leftBehind.push('the API thread');
    // A start that waited for the front ends with it.
    if (!(await within(this.#reloads, reloadEndsWithinMs))) leftBehind.push('a start or reload that is under way');
    if (!(await within(this.#releaseFolder(), releaseWithinMs))) leftBehind.push('the lock of the state folder');
    if (!(await within(loadersEnded(), loaderEndsWithinMs))) leftBehind.push('the reading of the configuration');
    return leftBehind;
  }

  /** Once: by the second time another process may have it. */
  async #releaseFolder(): Promise<void> {
    const folder = this.#stateFolder;
    this.#stateFolder = undefined;
    await folder?.release();
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
    const { processId } = this.#options;
    const { signal } = this.#stopping;
    const onWait = (sentence: string): void => this.#options.complain(sentence);
    const restored = await restoreState(stateDir, { processId, now: instantNow(), signal, onWait });
    if (signal.aborted) await restored.folder.release();
    signal.throwIfAborted();
    this.#restored = restored;
    this.#stateFolder = restored.folder;
    return this.#restored.control.runtime;
  }

  /**
   * @param lastRevision of an earlier process
   * @throws CodedError machine_shortage
   */
  #createEngine(lastRevision: number): Engine {
    // Before the front starts: it starts programs, which would inherit what is opened meanwhile.
    prepareRawSockets();
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

  get #engine(): Engine {
    return this.#engineIfAny!;
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
    clearTimeout(this.#reloadRetry);
    if (this.#stopping.signal.aborted) return;
    try {
      const loaded = await this.#load();
      if (this.#stopping.signal.aborted) return;
      const applied = await this.#apply(planOf(loaded), { cause: 'reload', runtime: loaded.runtime ?? [] });
      this.#front.post({ ...this.#message, changes: applied.changes });
      this.#reloaded(true);
      this.#reloadRetryMs = firstReloadRetryMs;
      this.#tellWarnings(loaded, applied);
    } catch (error) {
      if (this.#stopping.signal.aborted) return;
      this.#reloaded(false);
      const shortage = shortageOf(error);
      if (shortage !== undefined) return this.#retryReload(shortage);
      const text = error instanceof Error ? error.message : String(error);
      this.#front.notice('error', 'the new configuration is not valid; the old one stays in force', {
        file: this.#options.file,
        problems: text.split('\n'),
      });
    }
  }

  /** A shortage says nothing about the configuration, and passes. @param shortage as a clause */
  #retryReload(shortage: string): void {
    const afterMs = this.#reloadRetryMs;
    this.#reloadRetryMs = Math.min(afterMs * 2, longestReloadRetryMs);
    this.#reloadRetry = setTimeout(() => void this.reload(), afterMs);
    this.#front.notice(
      'error',
      `the configuration was not reloaded: ${shortage}; the current one stays in force, and the reload is tried again in ${afterMs / 1000} s`,
      { file: this.#options.file },
    );
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

  /** A state folder that cannot be used is reported, and taken when it can be. */
  #awaitFolder({ dir, late }: StateFolder): void {
    if (late === undefined) return;
    this.#front.notice('error', `${late.problem}; nothing is kept until it can be written, and it is tried again every few seconds`);
    late.start((problem, notes) => {
      this.#front.post({ type: 'state_folder', problem });
      for (const note of notes) this.#front.notice('warn', note);
      if (problem === undefined)
        this.#front.notice('info', `the state folder ${dir} can be written now; what is to outlive this process is kept`);
      else this.#front.notice('error', problem);
    });
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
      stateUnusable: this.#stateFolder?.late?.problem,
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
