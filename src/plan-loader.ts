/**
 * Reads the configuration in a thread of its own: YAML and schema take seconds for 100,000 backends, and nothing but
 * probing ever runs on the engine's thread. The thread ends with its answer, and its memory is given back.
 */
import { Worker } from 'node:worker_threads';
import type { Environment, LoadResult, Machine } from './config/load.js';
import type { LoadedPlan } from './config/pack.js';
import type { PackedPlan, RuntimeBackends, ServerPlan } from './config/plan.js';

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

/** The answer to {@link LoadQuestion}. */
export interface LoadAnswer {
  readonly runtime: RuntimeBackends;
}

/** More than the largest file that is accepted needs (config/document/): a configuration must not take the daemon's machine. */
const heapLimitMb = 2048;

/**
 * Never rejects for anything that is in the file.
 *
 * @param runtimeFor backends that came over the API, to be taken in; where they are kept is for the file to say.
 *   Where it rejects, so does this
 * @param signal ends the reading; the promise then rejects
 */
export function loadPlan(
  request: LoadRequest,
  runtimeFor: (server: ServerPlan) => Promise<RuntimeBackends>,
  signal?: AbortSignal,
): Promise<LoadReply> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./plan-loader.worker.js', import.meta.url), {
      workerData: request,
      resourceLimits: { maxOldGenerationSizeMb: heapLimitMb },
    });
    signal?.addEventListener('abort', () => void worker.terminate(), { once: true });
    const answer = async ({ server }: LoadQuestion): Promise<void> => {
      worker.postMessage({ runtime: await runtimeFor(server) } satisfies LoadAnswer);
    };
    worker.on('message', (message: LoadQuestion | LoadReply) => {
      if ('problems' in message) return resolve(message);
      answer(message).catch((error: Error) => {
        reject(error);
        void worker.terminate();
      });
    });
    worker.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ERR_WORKER_OUT_OF_MEMORY') resolve(tooLarge(request.file));
      else reject(error);
    });
    worker.once('exit', (code) => {
      reject(new Error(`reading the configuration ended without a result (exit code ${String(code)})`));
    });
  });
}

function tooLarge(file: string): LoadReply {
  const message = `reading it takes more than ${String(heapLimitMb)} MiB of memory; split it, or write backends in the short form ADDRESS:PORT`;
  return { problems: [{ file, line: 1, column: 1, path: '(file)', message }], warnings: [] };
}
