/** The front: holds what the engine said, serves it, and writes the log. Apart from the thread that it runs in. */
import { setTimeout } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';
import { messageOf } from '../message-of.js';
import type { ServerPlan, TlsPlan } from '../config/plan.js';
import { CodedError } from '../errors.js';
import { ControlFile } from '../persistence/control-state.js';
import type { FailedMessage, FrontData, FromFront, PlanMessage, ToFront } from '../messages.js';
import { Access } from './access/access.js';
import { Holds } from './access/holds.js';
import { createApp } from './api/app.js';
import { completeBody } from './api/status-body.js';
import { Audit } from './control/audit.js';
import { Control } from './control/control.js';
import { Diagnoses } from './diagnoses.js';
import { EnginePort } from './control/engine-port.js';
import { createHttpServer } from './listen/http-server.js';
import { Entrances, needsRestart } from './listen/listen.js';
import { createLog, type Log } from './log/log.js';
import { LogLines } from './log/log-lines.js';
import type { Build } from './metrics/metric.js';
import { Metrics } from './metrics/registry.js';
import { Outputs } from './outputs/outputs.js';
import { outputKinds } from './outputs/registry.js';
import { FrontState } from './view/state.js';
import { StateSaves } from './view/state-saves.js';
import { VerdictKeeper } from './saving/verdict-keeper.js';

/** Open requests get so long to end; then their connections are cut (the engine waits 2 s in all). */
const closeWithinMs = 1200;
const flushWithinMs = 400;
/** A disk that hangs gets so long to take the last verdicts. */
const saveWithinMs = 2000;

export class Front {
  readonly #build: Build;
  /** Where the API was to listen at the start; later plans cannot move it. */
  readonly #server: ServerPlan;
  /** Where state is kept; later plans cannot move it either. */
  readonly #stateDir: string | undefined;
  readonly #post: (message: FromFront) => void;
  readonly #log: Log;
  readonly #lines: LogLines;
  readonly #state: FrontState;
  readonly #diagnoses: Diagnoses;
  readonly #outputs: Outputs;
  readonly #engine: EnginePort;
  readonly #control: Control;
  /** Undefined where nothing is kept. */
  readonly #keeper: VerdictKeeper | undefined;
  readonly #access: Access;
  #app: FastifyInstance | undefined;
  #entrances: Entrances | undefined;
  #closing = false;

  /**
   * @param data not kept: the plan in it outlives its use soon
   * @param post sends a message to the engine
   * @param logFd where the log goes; 1 is standard output
   */
  constructor(data: FrontData, post: (message: FromFront) => void, logFd: number) {
    this.#build = { version: data.version, nodeVersion: data.nodeVersion };
    this.#server = data.plan.plan.server;
    this.#stateDir = data.stateDir;
    this.#post = post;
    this.#log = createLog({ format: data.logFormat, level: data.logLevel, fd: logFd });
    this.#lines = new LogLines(this.#log.logger);
    this.#diagnoses = new Diagnoses({ log: this.#log.logger });
    const saves = new StateSaves({
      kept: data.stateDir !== undefined,
      damaged: data.stateProblems,
      unusable: data.stateUnusable,
      tell: (level, sentence) => this.#lines.notice(level, sentence, {}),
    });
    this.#state = new FrontState(data.plan, data.reload, data.startedAt, {
      epoch: data.epoch,
      overrides: data.overrides,
      saves,
    });
    this.#keeper = data.stateDir === undefined ? undefined : new VerdictKeeper({ dir: data.stateDir, state: this.#state, saves });
    this.#access = new Access(this.#state);
    this.#engine = new EnginePort(post, (revision) => this.#state.appliedUpTo(revision));
    this.#control = new Control({
      state: this.#state,
      engine: this.#engine,
      file: new ControlFile(data.stateDir, { blockedBy: () => saves.unusable, onSaved: (error) => saves.ended('control', error) }),
      audit: new Audit({ stateDir: data.stateDir, blockedBy: () => saves.unusable, log: this.#log.logger }),
      log: this.#log.logger,
    });
    this.#outputs = new Outputs({
      kinds: outputKinds,
      state: this.#state,
      writeStatus: completeBody,
      log: this.#log.logger,
      version: data.version,
    });
  }

  /** Begins to serve, and says so, or says why not. */
  async start(): Promise<void> {
    try {
      const metrics = new Metrics(this.#state, this.#build, this.#outputs);
      this.#app = await createApp(
        {
          state: this.#state,
          metrics,
          diagnoses: this.#diagnoses,
          outputs: this.#outputs,
          control: this.#control,
          access: this.#access,
          holds: new Holds(() => this.#state.model.plan.server.access.holds),
          version: this.#build.version,
          log: this.#log.logger,
        },
        createHttpServer,
      );
      this.#entrances = await Entrances.open({
        app: this.#app,
        server: this.#server,
        limits: () => this.#access.plan.limits,
        hasCredentials: (request) => this.#access.hasCredentials(request),
        tell: (level, sentence) => this.#log.logger[level](sentence),
      });
      this.#post({ type: 'listening', url: this.#entrances.url });
      this.#outputs.apply(this.#state.model.plan.outputs);
      this.#control.start();
      this.#keeper?.start();
    } catch (error) {
      await this.#app?.close();
      this.#post(failureOf(error));
    }
  }

  /** Takes a message of the engine. */
  handle(message: ToFront): void {
    switch (message.type) {
      case 'plan':
        this.#applyPlan(message);
        break;
      case 'changes':
        this.#state.applyChanges(message.changes);
        this.#outputs.changed(message.changes);
        this.#keeper?.changed();
        this.#lines.changes(message.changes);
        break;
      case 'reload':
        this.#state.applyReload(message);
        break;
      case 'notice':
        this.#lines.notice(message.level, message.message, message.fields);
        break;
      case 'state_folder':
        this.#state.saves.folderIs(message.problem);
        break;
      case 'done':
        this.#engine.handle(message);
        break;
      case 'close':
        void this.#close();
        break;
      default:
        message satisfies never;
    }
  }

  #applyPlan(message: PlanMessage): void {
    const bound = this.#server;
    const wanted = message.plan.server;
    this.#control.planChanged(message, this.#state.runtime);
    this.#state.applyPlan(message);
    this.#outputs.changed(message.changes);
    this.#keeper?.changed();
    this.#lines.changes(message.changes);
    if (message.cause === 'runtime_backends') return;
    this.#outputs.apply(message.plan.outputs);
    this.#access.endRevoked();
    const inForce = {
      listeners: message.plan.listeners.length,
      backends: this.#state.model.backendCount,
      revision: message.revision,
    };
    this.#followTlsFiles(wanted.access.tls, () => this.#lines.notice('info', 'a new configuration is in force', inForce));
    for (const sentence of needsRestart(bound, wanted)) this.#lines.notice('warn', sentence, {});
    if (wanted.stateDir !== this.#stateDir) {
      const [from, to] = [this.#stateDir ?? 'none', wanted.stateDir ?? 'none'];
      this.#lines.notice('warn', `server.state_dir changes only at a restart; until then it is ${from}`, { from, to });
    }
  }

  /** What the log reports as in force includes the certificates. */
  #followTlsFiles(tls: TlsPlan | undefined, done: () => void): void {
    if (tls === undefined || this.#entrances === undefined) return done();
    void this.#entrances.rereadTls(tls).then(() => {
      // Which connections may stay open also depends on the authorities of client certificates.
      this.#access.endRevoked();
      done();
    });
  }

  async #close(): Promise<void> {
    if (this.#closing) return;
    this.#closing = true;
    this.#state.waiters.close();
    this.#diagnoses.close();
    const outputsClosed = this.#outputs.close();
    const saved = Promise.race([this.#keeper?.close(), setTimeout(saveWithinMs, undefined, { ref: false })]);
    // First the app: what it answers from then on ends its connection.
    await Promise.all([this.#app?.close(), this.#entrances?.close(closeWithinMs)]);
    await outputsClosed;
    await Promise.all([saved, this.#control.close()]);
    this.#lines.flush();
    await this.#log.flush(flushWithinMs);
    this.#log.close();
    this.#post({ type: 'closed' });
  }
}

function failureOf(error: unknown): FailedMessage {
  if (error instanceof CodedError) return { type: 'failed', code: error.code as FailedMessage['code'], message: error.message };
  return {
    type: 'failed',
    code: 'front_failed',
    message: `the API could not start: ${messageOf(error)}`,
  };
}
