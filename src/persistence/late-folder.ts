/**
 * A state folder that could not be used at the start: full, read-only, not permitted. It is tried again until it can,
 * and then locked. Before that nothing may be written: another daemon may have the folder.
 */
import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { CodedError } from '../errors.js';
import { setAside, type FileFormat } from './durable-file.js';
import { openStateDir } from './state-dir.js';
import type { StateLock } from './state-lock.js';

export interface LateFolderOptions {
  readonly dir: string;
  /** Of this process. */
  readonly processId: number;
  /** Files that could not be read at the start: they are set aside before anything is written in their place. */
  readonly unread: readonly FileFormat[];
  /** From one attempt to the next, ms; default: 5 s. */
  readonly retryMs?: number;
}

/** @param problem undefined: it can be used from now on. @param notes what else to tell the operator, a sentence each */
export type OnFolder = (problem: string | undefined, notes: readonly string[]) => void;

const defaultRetryMs = 5000;

export class LateFolder {
  readonly #options: LateFolderOptions;
  #onFolder: OnFolder = () => undefined;
  #timer: NodeJS.Timeout | undefined;
  #trying: Promise<void> | undefined;
  #lock: StateLock | undefined;
  #problem: string;
  readonly #closing = new AbortController();

  /** @param problem why it could not be used */
  constructor(problem: string, options: LateFolderOptions) {
    this.#problem = problem;
    this.#options = options;
  }

  /** Why it cannot be used; undefined: it can. */
  get problem(): string | undefined {
    return this.#lock === undefined ? this.#problem : undefined;
  }

  /** @param onFolder called when it can be used, and when the reason why it cannot is another one */
  start(onFolder: OnFolder): void {
    this.#onFolder = onFolder;
    this.#tryLater();
  }

  /** Ends the attempts and lets another process have the folder. */
  async release(): Promise<void> {
    this.#closing.abort();
    clearTimeout(this.#timer);
    await this.#trying;
    await this.#lock?.release();
  }

  #tryLater(): void {
    if (this.#closing.signal.aborted) return;
    const retry = (): void => void (this.#trying = this.#try());
    this.#timer = setTimeout(retry, this.#options.retryMs ?? defaultRetryMs).unref();
  }

  async #try(): Promise<void> {
    const { dir, processId, unread } = this.#options;
    const { signal } = this.#closing;
    try {
      const lock = await openStateDir(dir, processId, { signal });
      this.#lock = lock;
      const notes = lock.warning === undefined ? [] : [lock.warning];
      for (const format of unread) {
        const path = join(dir, format.name);
        if (await isThere(path)) notes.push(`${path} could not be read at the start, and ${await setAside(dir, format)}`);
      }
      this.#onFolder(undefined, notes);
    } catch (error) {
      if (signal.aborted) return;
      const problem = error instanceof CodedError ? error.message : String(error);
      if (problem !== this.#problem) this.#onFolder(problem, []);
      this.#problem = problem;
      this.#tryLater();
    }
  }
}

async function isThere(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}
