/**
 * The daemon, composed: plan, engine and front. With src/daemon/, the only place that knows all parts.
 */
import { setFlagsFromString } from 'node:v8';
import { messageOf } from './message-of.js';
import { Loading, type Loaded, type LoadingOptions } from './daemon/loading.js';
import { followFolder, logWarnings } from './daemon/notices.js';
import { Plans } from './daemon/plans.js';
import { ReloadRetry } from './daemon/reload-retry.js';
import { Engine } from './engine/engine.js';
import { CodedError, shortageOf } from './errors.js';
import { FrontThread } from './front-thread.js';
import type { Command, CommandResult, FrontData, MembersCommand, ReloadMessage } from './messages.js';
import { openLocalNetwork } from './network/open-network.js';
import type { RestoredState } from './persistence/restore.js';
import { loadersEnded } from './plan-loader.js';
import { prepareRawSockets } from './probes/raw/poller.js';
import { createProbes } from './probes/registry.js';
import { realClock } from './schedule/clock.js';
import { version } from './version.js';
import { within } from './within.js';

export interface DaemonOptions extends LoadingOptions {
  readonly logFormat: 'json' | 'pretty';
  readonly logLevel: string;
  /** Version of the runtime, without a `v`. */
  readonly nodeVersion: string;
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

/** The parts of a stop; beside them the front takes some three seconds. */
const reloadEndsWithinMs = 500;
const releaseWithinMs = 300;
const loaderEndsWithinMs = 300;

/** State that exists once the first plan is in force. */
interface Running {
  readonly engine: Engine;
  readonly plans: Plans;
  lastReload: ReloadMessage;
}

class RunningDaemon implements Daemon {
  readonly #options: DaemonOptions;
  readonly #clock = realClock;
  readonly #startedAt = realClock.wallNow();
  readonly #front: FrontThread;
  readonly #stopping = new AbortController();
  readonly #loading: Loading;
  readonly #retry = new ReloadRetry(() => void this.reload());
  /** Undefined until the first plan is read. */
  #runningIfAny: Running | undefined;
  /** Reloads one after the other; a signal during one leads to one more. */
  #reloads: Promise<void> = Promise.resolve();
  #reloadWaiting = false;

  constructor(options: DaemonOptions) {
    this.#options = options;
    this.#loading = new Loading(options, this.#stopping.signal);
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
      return await this.#startWith(await this.#loading.first());
    } catch (error) {
      await this.#loading.releaseFolder();
      const shortage = shortageOf(error);
      throw shortage === undefined ? error : new CodedError('machine_shortage', `vitald does not start: ${shortage}`, { cause: error });
    }
  }

  async #startWith({ plan, runtime, reply, restored }: Loaded & { readonly restored: RestoredState }): Promise<string> {
    const { control, snapshot, folder } = restored;
    this.#stopping.signal.throwIfAborted();
    const engine = this.#createEngine(snapshot.revision);
    const plans = new Plans(engine, this.#stopping.signal);
    const running: Running = { engine, plans, lastReload: this.#reloadMessage(true) };
    this.#runningIfAny = running;
    engine.override(control.overrides);
    const applied = await plans.apply(plan, { cause: 'start', runtime }, snapshot.verdicts);
    running.lastReload = this.#reloadMessage(true);
    this.#stopping.signal.throwIfAborted();
    const url = await this.#front.start().catch((error: unknown) => {
      engine.stop();
      this.#runningIfAny = undefined;
      throw error;
    });
    followFolder(this.#front, folder);
    logWarnings(this.#front, reply, applied);
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
    this.#retry.cancel();
    // A reload in progress must not restart what is closed here.
    this.#stopping.abort();
    const leftBehind: string[] = [];
    await within(this.#reloads, reloadEndsWithinMs);
    this.#runningIfAny?.engine.stop();
    if (!(await this.#front.close())) leftBehind.push('the API thread');
    // A start that waited for the front ends with it.
    if (!(await within(this.#reloads, reloadEndsWithinMs))) leftBehind.push('a start or reload that is under way');
    if (!(await within(this.#loading.releaseFolder(), releaseWithinMs))) leftBehind.push('the lock of the state folder');
    if (!(await within(loadersEnded(), loaderEndsWithinMs))) leftBehind.push('the reading of the configuration');
    return leftBehind;
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

  /** @throws Error before the first plan is read, or after a start that failed */
  get #running(): Running {
    if (this.#runningIfAny === undefined) throw new Error('the daemon is not running');
    return this.#runningIfAny;
  }

  async #reloadOnce(): Promise<void> {
    this.#reloadWaiting = false;
    this.#retry.cancel();
    const running = this.#runningIfAny;
    if (this.#stopping.signal.aborted || running === undefined) return;
    const { plans } = running;
    try {
      const { plan, runtime, reply } = await this.#loading.again(plans.message);
      if (this.#stopping.signal.aborted) return;
      const applied = await plans.apply(plan, { cause: 'reload', runtime });
      this.#front.post({ ...plans.message, changes: applied.changes });
      this.#reloaded(running, true);
      this.#retry.succeeded();
      logWarnings(this.#front, reply, applied);
    } catch (error) {
      if (this.#stopping.signal.aborted) return;
      this.#reloaded(running, false);
      this.#logFailedReload(error);
    }
  }

  #logFailedReload(error: unknown): void {
    const { file } = this.#options;
    const shortage = shortageOf(error);
    if (shortage !== undefined) {
      const again = `the reload is tried again in ${this.#retry.schedule() / 1000} s`;
      this.#front.notice('error', `the configuration was not reloaded: ${shortage}; the current one stays in force, and ${again}`, {
        file,
      });
      return;
    }
    const text = messageOf(error);
    this.#front.notice('error', 'the new configuration is not valid; the old one stays in force', { file, problems: text.split('\n') });
  }

  /** Executes a command of the front. Never rejects. */
  async #execute(command: Command): Promise<CommandResult> {
    const { engine, plans } = this.#running;
    await plans.settled();
    if (this.#stopping.signal.aborted) return { done: false, why: 'stopping' };
    switch (command.kind) {
      case 'override':
        engine.override(command.overrides);
        return done(engine);
      case 'probe': {
        const answer = engine.probeNow(command.listener, command.backend);
        return answer === 'due' ? done(engine) : { done: false, why: answer };
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

  /** Puts the plan in force with other backends in some listeners. Never rejects. */
  async #changeMembers(command: MembersCommand): Promise<CommandResult> {
    if (this.#stopping.signal.aborted) return { done: false, why: 'stopping' };
    const { engine, plans } = this.#running;
    if (command.basis !== plans.message.number) return { done: false, why: 'stale' };
    try {
      const applied = await plans.applyMembers(command);
      this.#front.post({ ...plans.message, changes: applied.changes });
      return done(engine);
    } catch (error) {
      return { done: false, why: 'refused', detail: messageOf(error) };
    }
  }

  #reloaded(running: Running, ok: boolean): void {
    running.lastReload = this.#reloadMessage(ok);
    this.#front.post(running.lastReload);
  }

  #reloadMessage(ok: boolean): ReloadMessage {
    return { type: 'reload', ok, at: this.#clock.wallNow() };
  }

  #frontData(): FrontData {
    const { engine, plans, lastReload } = this.#running;
    const { nodeVersion, logFormat, logLevel } = this.#options;
    const { folder } = this.#loading;
    return {
      version,
      nodeVersion,
      logFormat,
      logLevel,
      plan: plans.presentMessage,
      epoch: engine.revisions.epoch,
      overrides: engine.overrides,
      stateDir: folder?.dir,
      stateUnusable: folder?.late?.problem,
      stateProblems: folder?.problems ?? [],
      reload: lastReload,
      startedAt: this.#startedAt,
    };
  }
}

function done(engine: Engine): CommandResult {
  return { done: true, revision: engine.revisions.last };
}
