/** The front: holds what the engine said, serves it, and writes the log. Apart from the thread that it runs in. */
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import type { FrontData, FromFront, PlanMessage, ToFront } from '../status/messages.js';
import { createApp } from './api/app.js';
import { hostAndPort, listen, listenFailure } from './listen.js';
import { createLog, type Log } from './log.js';
import { logChanges, logNotice } from './log-lines.js';
import { Metrics } from './metrics/registry.js';
import { FrontState } from './state.js';

/** Open requests get so long to end; then their connections are cut (the engine waits 2 s in all). */
const closeWithinMs = 1200;
const flushWithinMs = 400;

export class Front {
  readonly #data: FrontData;
  readonly #post: (message: FromFront) => void;
  readonly #log: Log;
  readonly #state: FrontState;
  #app: FastifyInstance | undefined;
  #closing = false;

  /**
   * @param post sends a message to the engine
   * @param logFd where the log goes; 1 is standard output
   */
  constructor(data: FrontData, post: (message: FromFront) => void, logFd: number) {
    this.#data = data;
    this.#post = post;
    this.#log = createLog({ format: data.logFormat, level: data.logLevel, fd: logFd });
    this.#state = new FrontState(data.plan, data.reload, data.startedAt);
  }

  get #logger(): Logger {
    return this.#log.logger;
  }

  /** Begins to serve, and says so, or says why not. */
  async start(): Promise<void> {
    const { version, nodeVersion, plan } = this.#data;
    const { server } = plan.plan;
    try {
      const metrics = new Metrics(this.#state, { version, nodeVersion });
      this.#app = await createApp({ state: this.#state, metrics, version, log: this.#logger });
      this.#post({ type: 'listening', url: await listen(this.#app, server) });
    } catch (error) {
      await this.#app?.close();
      this.#post(listenFailure(error, server));
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
        logChanges(this.#logger, message.changes);
        break;
      case 'reload':
        this.#state.applyReload(message);
        break;
      case 'notice':
        logNotice(this.#logger, message);
        break;
      case 'close':
        void this.#close();
        break;
      default:
        message satisfies never;
    }
  }

  #applyPlan(message: PlanMessage): void {
    const bound = this.#data.plan.plan.server;
    const wanted = message.plan.server;
    this.#state.applyPlan(message);
    logChanges(this.#logger, message.changes);
    this.#logger.info(
      { listeners: message.plan.listeners.length, backends: this.#state.model.backendCount, revision: message.revision },
      'a new configuration is in force',
    );
    if (wanted.host !== bound.host || wanted.port !== bound.port) {
      const from = hostAndPort(bound);
      this.#logger.warn({ from, to: hostAndPort(wanted) }, `server.listen changes only at a restart; until then it is ${from}`);
    }
  }

  async #close(): Promise<void> {
    if (this.#closing) return;
    this.#closing = true;
    this.#state.waiters.close();
    const cut = setTimeout(() => this.#app?.server.closeAllConnections(), closeWithinMs);
    await this.#app?.close();
    clearTimeout(cut);
    await this.#log.flush(flushWithinMs);
    this.#post({ type: 'closed' });
  }
}
