/** Commands that follow a daemon go on when it is gone for a while: they say so once, and ask again and again. */
import { CodedError } from '../../errors.js';
import type { Io } from '../io.js';
import { ApiRefusal } from './refusal.js';

const pauseMs = 1000;

/** True for what may be different in a moment: no daemon there, one that starts, stops or has too much to do. */
export function mayPass(error: unknown): error is CodedError {
  if (error instanceof ApiRefusal) return error.status === 429 || error.status >= 500;
  return error instanceof CodedError && error.code === 'daemon_unreachable';
}

export class Persistence {
  readonly #io: Pick<Io, 'err'>;
  readonly #pauseMs: number;
  #everWorked = false;
  #failing = false;

  /** @param pauseBetweenMs before each further attempt */
  constructor(io: Pick<Io, 'err'>, pauseBetweenMs = pauseMs) {
    this.#io = io;
    this.#pauseMs = pauseBetweenMs;
  }

  /** True while it does not answer. */
  get failing(): boolean {
    return this.#failing;
  }

  /** To be called when the daemon has answered. */
  worked(): void {
    if (this.#failing) this.#io.err('vitald: it answers again\n');
    this.#everWorked = true;
    this.#failing = false;
  }

  /**
   * To be called when it has not. Resolves when it is time to ask again.
   *
   * @throws the error itself where asking again is of no use, or where there was never an answer: a mistyped address
   */
  async failed(error: unknown): Promise<void> {
    if (!this.#everWorked || !mayPass(error)) throw error;
    if (!this.#failing) this.#io.err(`vitald: ${error.message}\nvitald: trying again until it answers\n`);
    this.#failing = true;
    await new Promise((resolve) => setTimeout(resolve, this.#pauseMs));
  }
}
