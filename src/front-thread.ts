/**
 * The engine's end of the front thread: starts it, hands it what it needs, and starts it again should it crash.
 * Probing goes on meanwhile.
 */
import { Worker } from 'node:worker_threads';
import { entryPoint } from './entry-point.js';
import { CodedError, shortageOf } from './errors.js';
import { within } from './within.js';
import type { Command, CommandResult, FrontData, FromFront, NoticeMessage, ToFront } from './messages.js';

export interface FrontThreadOptions {
  /** What a front that starts now is to know; asked again for each start. */
  data(): FrontData;
  /** Does what the front asks for. Never rejects. */
  onCommand(command: Command): Promise<CommandResult>;
  /** A crash, for whoever still can tell of it. */
  onCrash(sentence: string): void;
  /** The thread's program; default: the front. */
  readonly entry?: URL;
  /** Pause before the first restart, ms; it doubles with every crash. */
  readonly firstRestartMs?: number;
}

const defaultFirstRestartMs = 500;
const longestRestartMs = 30_000;
/** When descriptors or memory are short: an attempt costs little then, and the API is missed as soon as they are there again. */
const longestShortageRestartMs = 2000;
/** A front that served this long has earned a quick restart again. */
const steadyMs = 60_000;
const closeWithinMs = 2900;
/** A thread that is terminated ends in milliseconds, or waits for the kernel. */
const terminateWithinMs = 300;
/**
 * Most of what the front makes lives for one answer or one message. By default V8 lets 48 MB of that pile up before it
 * looks: at 100,000 backends that was 300 bytes for each.
 */
const youngGenerationMb = 8;

export class FrontThread {
  readonly #options: FrontThreadOptions;
  #worker: Worker | undefined;
  #restartMs: number;
  #startedAt = 0;
  #restarting: NodeJS.Timeout | undefined;
  #closing = false;

  constructor(options: FrontThreadOptions) {
    this.#options = options;
    this.#restartMs = this.#firstRestartMs;
  }

  get #firstRestartMs(): number {
    return this.#options.firstRestartMs ?? defaultFirstRestartMs;
  }

  /**
   * @returns the URL that it serves
   * @throws CodedError address_in_use, address_not_available, permission_missing or front_failed
   */
  start(): Promise<string> {
    return new Promise((resolve, reject) => {
      const worker = this.#spawn();
      worker.on('message', (message: FromFront) => {
        if (message.type === 'listening') resolve(message.url);
        else if (message.type === 'failed') reject(new CodedError(message.code, message.message));
      });
      worker.once('error', (error) => {
        reject(new CodedError('front_failed', `the API thread could not start: ${error.message}`, { cause: error }));
      });
      worker.once('exit', () => {
        reject(new CodedError('front_failed', 'the API thread ended before it served'));
      });
    });
  }

  post(message: ToFront): void {
    this.#worker?.postMessage(message);
  }

  notice(level: NoticeMessage['level'], message: string, fields: NoticeMessage['fields'] = {}): void {
    this.post({ type: 'notice', level, message, fields });
  }

  /**
   * Ends open requests and the thread, within some three seconds.
   *
   * @returns false if the thread could not be ended: it waits for a file system or a name server that does not answer
   */
  async close(): Promise<boolean> {
    this.#closing = true;
    clearTimeout(this.#restarting);
    const worker = this.#worker;
    if (worker === undefined) return true;
    const closed = new Promise<void>((resolve) => {
      worker.once('exit', () => {
        resolve();
      });
    });
    worker.postMessage({ type: 'close' } satisfies ToFront);
    if (await within(closed, closeWithinMs)) return true;
    void worker.terminate();
    return within(closed, terminateWithinMs);
  }

  #spawn(): Worker {
    const worker = new Worker(this.#options.entry ?? entryPoint('front/worker'), {
      workerData: this.#options.data(),
      resourceLimits: { maxYoungGenerationSizeMb: youngGenerationMb },
    });
    this.#worker = worker;
    this.#startedAt = performance.now();
    let served = false;
    let failure = 'it ended';
    let shortage: string | undefined;
    worker.on('message', (message: FromFront) => {
      if (message.type === 'listening') served = true;
      if (message.type === 'command') void this.#execute(worker, message.id, message.command);
      if (message.type !== 'failed') return;
      failure = message.message;
      shortage = shortageOf({ message: failure });
      void worker.terminate();
    });
    worker.on('error', (error) => {
      failure = error.stack ?? error.message;
      shortage = shortageOf(error);
    });
    worker.on('exit', () => {
      if (this.#worker === worker) this.#worker = undefined;
      if (this.#closing || (!served && this.#restarting === undefined)) return;
      this.#restart(failure, shortage);
    });
    return worker;
  }

  async #execute(worker: Worker, id: number, command: Command): Promise<void> {
    const result = await this.#options.onCommand(command);
    // A front that was started meanwhile has asked for nothing.
    if (this.#worker === worker) this.post({ type: 'done', id, result });
  }

  /** @param shortage of the machine that was the cause, as a clause */
  #restart(failure: string, shortage: string | undefined): void {
    if (performance.now() - this.#startedAt > steadyMs) this.#restartMs = this.#firstRestartMs;
    const afterMs = shortage === undefined ? this.#restartMs : Math.min(this.#restartMs, longestShortageRestartMs);
    this.#options.onCrash(
      `the API thread failed and is started again in ${String(afterMs / 1000)} s; probing goes on: ${shortage ?? failure}`,
    );
    this.#restarting = setTimeout(() => {
      this.#spawn();
    }, afterMs);
    if (shortage === undefined) this.#restartMs = Math.min(this.#restartMs * 2, longestRestartMs);
  }
}
