/** Saves of one file that is written durably (durable-file.ts): one at a time, and bounded for who waits for them. */
import { join } from 'node:path';
import { CodedError } from '../errors.js';
import { writeDurably, type FileFormat } from './durable-file.js';

export interface SaverOptions {
  /** A save that takes longer has failed for those who wait, ms; default: 10 s. */
  readonly limitMs?: number;
  /** Why nothing may be written now; undefined: it may. */
  blockedBy?(): string | undefined;
  /** Hears how each save ended. @param error undefined: it is on the disk */
  onSaved?(error: CodedError | undefined): void;
}

/** A disk that hangs must not hold up whoever waits for it any longer. */
const defaultLimitMs = 10_000;

type Pieces = () => Iterable<Uint8Array | string>;

export class DurableSaver {
  readonly #dir: string;
  readonly #format: FileFormat;
  readonly #options: SaverOptions;
  #running: Promise<void> | undefined;
  #next: Promise<void> | undefined;

  constructor(dir: string, format: FileFormat, options: SaverOptions = {}) {
    this.#dir = dir;
    this.#format = format;
    this.#options = options;
  }

  /**
   * Resolves when the file is on the disk. Saves that are asked for while one is under way share the next one.
   *
   * @param pieces the body, asked for when the write begins; of several that share a write, one is asked
   * @throws CodedError state_not_saved: the old file stands; where it took too long, the new one may yet take its place
   */
  save(pieces: Pieces): Promise<void> {
    if (this.#running === undefined) return this.#limited(this.#begin(pieces));
    const running = this.#running;
    this.#next ??= running
      .catch(() => undefined)
      .then(() => {
        this.#next = undefined;
        return this.#begin(pieces);
      });
    return this.#limited(this.#next);
  }

  #begin(pieces: Pieces): Promise<void> {
    const running = this.#write(pieces).finally(() => {
      if (this.#running === running) this.#running = undefined;
    });
    this.#running = running;
    return running;
  }

  async #write(pieces: Pieces): Promise<void> {
    const blocked = this.#options.blockedBy?.();
    if (blocked !== undefined) throw this.#failed(blocked);
    try {
      await writeDurably(this.#dir, this.#format, pieces());
    } catch (error) {
      throw this.#failed(error);
    }
    this.#options.onSaved?.(undefined);
  }

  #limited(saving: Promise<void>): Promise<void> {
    const { limitMs = defaultLimitMs } = this.#options;
    return new Promise((resolve, reject) => {
      const tooLong = (): void => reject(this.#failed(`the disk has not answered within ${limitMs / 1000} s`));
      const timer = setTimeout(tooLong, limitMs);
      saving.then(resolve, reject).finally(() => clearTimeout(timer));
    });
  }

  #failed(why: unknown): CodedError {
    const { code } = Object(why) as { readonly code?: string };
    const words = (code !== undefined && wordsByCode[code] && `${wordsByCode[code]} (${code})`) || String(why);
    const message = `the state cannot be saved in ${join(this.#dir, this.#format.name)}: ${words}`;
    const error = new CodedError('state_not_saved', message, { cause: why });
    this.#options.onSaved?.(error);
    return error;
  }
}

/** Errors of the file system in words; others are told as they are. */
const wordsByCode: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  EROFS: 'the file system is read-only',
  EACCES: 'this user may not write there',
  EPERM: 'this user may not write there',
  ENOENT: 'the folder is gone; make it again',
  EIO: 'the disk reports an error',
};
