/** Keeps a file as `/v1/status` would answer. */
import { setTimeout } from 'node:timers/promises';
import { Cycle } from '../../retry/cycle.js';
import { OneAtATime } from '../one-at-a-time.js';
import type { Output, OutputContext, OutputState } from '../output.js';
import { replaceFile } from '../replace-file.js';

export interface FileOptions {
  readonly path: string;
  /** Permissions, as a number. */
  readonly mode: number;
  readonly minIntervalMs: number;
}

/** Between two looks whether there are verdicts yet, at the start. */
const lookMs = 200;
const limitMs = 30_000;
const closeWithinMs = 900;

export class FileOutput implements Output {
  readonly #context: OutputContext;
  readonly #options: FileOptions;
  readonly #cycle: Cycle;
  readonly #closing = new AbortController();
  readonly #runs = new OneAtATime();
  #hasBegun = false;
  #bytes: number | null = null;

  constructor(context: OutputContext, options: FileOptions) {
    this.#context = context;
    this.#options = options;
    this.#cycle = new Cycle({
      run: (signal) => this.#runs.run(() => this.#write(signal)),
      minIntervalMs: options.minIntervalMs,
      limitMs,
      onFailing: (problem) => context.log.warn({ problem }, `the status file is not up to date: ${problem}`),
      onRecovered: () => context.log.info('the status file is up to date again'),
    });
  }

  start(): void {
    void this.#begin();
  }

  changed(): void {
    if (this.#hasBegun) this.#cycle.wake();
  }

  state(): OutputState {
    return { ...this.#cycle.state, details: { path: this.#options.path, bytes: this.#bytes } };
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#cycle.close();
    await this.#runs.idle(closeWithinMs);
  }

  /** Until every backend was probed the file of the process before says more than “nobody knows”. */
  async #begin(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted && !this.#context.view.isReady) await setTimeout(lookMs, undefined, { ref: false });
    this.#hasBegun = true;
    if (!signal.aborted) this.#cycle.wake();
  }

  async #write(signal: AbortSignal): Promise<number> {
    const { path, mode } = this.#options;
    const { revision, pieces } = this.#context.view.statusBody();
    let bytes = 0;
    const counted = function* (): Generator<Buffer> {
      for (const piece of pieces) {
        bytes += piece.length;
        yield piece;
      }
    };
    await replaceFile(path, counted(), { mode, signal });
    this.#bytes = bytes;
    return revision;
  }
}
