/**
 * Reads the configuration in a thread of its own: YAML and schema take seconds for 100,000 backends, and nothing but
 * probing ever runs on the engine's thread. The thread ends with its answer, and its memory is given back.
 */
import { Worker } from 'node:worker_threads';
import type { Environment, LoadResult, Machine } from './config/load.js';
import type { LoadedPlan } from './config/pack.js';
import type { PackedPlan, RuntimeBackends, ServerPlan } from './config/plan.js';
import { entryPoint } from './entry-point.js';

export interface LoadRequest {
  readonly file: string;
  readonly env: Environment;
  readonly machine: Machine;
  /** The plan in force, to find out what of it stays. */
  readonly previous?: PackedPlan;
}

export interface LoadReply extends Pick<LoadResult, 'problems' | 'warnings'> {
  /** Only there where `problems` is empty. */
  readonly plan?: LoadedPlan;
  /** Runtime backends that are left, with the plan. */
  readonly runtime?: RuntimeBackends;
  /** What the operator should know of them, a sentence each. */
  readonly notices?: readonly string[];
}

/** Asked by the thread when the file was read and is valid: which runtime backends are to be taken in? */
export interface LoadQuestion {
  readonly server: ServerPlan;
}

/** Sent around each read of a file: its path before, undefined after. */
export interface LoadProgress {
  readonly reading: string | undefined;
}

/** The answer to {@link LoadQuestion}. */
export interface LoadAnswer {
  readonly runtime: RuntimeBackends;
}

/** More than the largest file that is accepted needs (config/document/): a configuration must not take the daemon's machine. */
const heapLimitMb = 2048;

/** A file that takes longer to open or read has failed, ms. */
const readLimitMs = 10_000;
/** Loaders that were given up: each of them keeps its thread until the file system answers. */
const mostGivenUp = 3;
const givenUp = new Map<Worker, Promise<unknown>>();

/**
 * Never rejects for anything that is in the file.
 *
 * @param runtimeFor backends that came over the API, to be taken in; where they are kept is for the file to say.
 *   Where it rejects, so does this
 * @param signal ends the reading; the promise then rejects at once, even if the thread cannot end
 */
export function loadPlan(
  request: LoadRequest,
  runtimeFor: (server: ServerPlan) => Promise<RuntimeBackends>,
  signal?: AbortSignal,
): Promise<LoadReply> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    if (givenUp.size >= mostGivenUp) return resolve(notRead(request.file, 'earlier attempts still wait for a file that does not answer'));
    const worker = new Worker(entryPoint('plan-loader.worker'), {
      workerData: request,
      resourceLimits: { maxOldGenerationSizeMb: heapLimitMb },
    });
    const watch = new ReadWatch((file) => {
      giveUp(worker);
      settle(() => resolve(notRead(file, `its file system has not answered for ${readLimitMs / 1000} s`)));
    });
    const onAbort = (): void => {
      giveUp(worker);
      settle(() => reject(signal?.reason as Error));
    };
    // The signal lives as long as the daemon: a listener left on it would keep the request, and so the plan before.
    const settle = (how: () => void): void => {
      signal?.removeEventListener('abort', onAbort);
      watch.end();
      how();
    };
    signal?.addEventListener('abort', onAbort, { once: true });
    const answer = async ({ server }: LoadQuestion): Promise<void> => {
      worker.postMessage({ runtime: await runtimeFor(server) } satisfies LoadAnswer);
    };
    worker.on('message', (message: LoadProgress | LoadQuestion | LoadReply) => {
      if ('reading' in message) return watch.begin(message.reading);
      if ('problems' in message) return settle(() => resolve(message));
      answer(message).catch((error: Error) => {
        settle(() => reject(error));
        void worker.terminate();
      });
    });
    worker.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ERR_WORKER_OUT_OF_MEMORY') settle(() => resolve(tooLarge(request.file)));
      else settle(() => reject(error));
    });
    worker.once('exit', (code) => {
      settle(() => reject(new Error(`reading the configuration ended without a result (exit code ${String(code)})`)));
    });
  });
}

/** Resolves when all loaders that were given up have ended. One whose file does not answer cannot end. */
export async function loadersEnded(): Promise<void> {
  await Promise.all(givenUp.values());
}

function giveUp(worker: Worker): void {
  const ended = worker.terminate().finally(() => givenUp.delete(worker));
  givenUp.set(worker, ended);
}

/** Gives each read of a file a time limit. */
class ReadWatch {
  readonly #onHang: (file: string) => void;
  #timer: NodeJS.Timeout | undefined;

  constructor(onHang: (file: string) => void) {
    this.#onHang = onHang;
  }

  /** @param file undefined: the read before has ended */
  begin(file: string | undefined): void {
    clearTimeout(this.#timer);
    if (file === undefined) return;
    // Twice half the limit: after a standstill of this process, the message that the read has ended comes in between.
    this.#timer = setTimeout(() => {
      this.#timer = setTimeout(() => this.#onHang(file), readLimitMs / 2);
    }, readLimitMs / 2);
  }

  end(): void {
    clearTimeout(this.#timer);
  }
}

function notRead(file: string, why: string): LoadReply {
  return { problems: [{ file, line: 1, column: 1, path: '(file)', message: `cannot be read: ${why}` }], warnings: [] };
}

function tooLarge(file: string): LoadReply {
  const message = `reading it takes more than ${String(heapLimitMb)} MiB of memory; split it, or write backends in the short form ADDRESS:PORT`;
  return { problems: [{ file, line: 1, column: 1, path: '(file)', message }], warnings: [] };
}
