/**
 * Puts a new upstream file into nginx: nginx tests it, then loads it, or the one before is put back.
 *
 * `nginx -t` reads the file at its place only, so the new one must be there while it is tested. That it may be wrong is
 * remembered beside it, for the case that this process ends in the middle:
 *
 *   .NAME.vitald-previous   the file before; there while the new one is not tested. Found later, it is put back.
 *   .NAME.vitald-reload     the same, when the test has passed. Found later, nginx is told to load what is there.
 *   .NAME.vitald-rejected   the last file that nginx refused, for people.
 */
import { rename } from 'node:fs/promises';
import { readBounded } from '../../../files/bounded-read.js';
import { companion, fileProblem, removeIfThere, renameDurably, replaceFile } from '../replace-file.js';
import { runNginx, type NginxCommand } from './run-nginx.js';

export interface UpstreamFileOptions {
  readonly path: string;
  readonly test: NginxCommand;
  readonly reload: NginxCommand;
}

/** Everybody may read it, as the rest of nginx's configuration. */
const fileMode = 0o644;
/** 100,000 servers take some 8 MiB. */
const mostFileBytes = 256 * 1024 * 1024;
const readLimitMs = 10_000;

export class UpstreamFile {
  readonly #options: UpstreamFileOptions;
  readonly #previous: string;
  readonly #reloadNeeded: string;
  readonly #rejected: string;

  constructor(options: UpstreamFileOptions) {
    this.#options = options;
    this.#previous = companion(options.path, 'previous');
    this.#reloadNeeded = companion(options.path, 'reload');
    this.#rejected = companion(options.path, 'rejected');
  }

  /**
   * The file as it is; one that was never tested is replaced by the one before first.
   *
   * @returns undefined where there is none
   * @throws Error that is for people
   */
  async read(): Promise<Buffer | undefined> {
    if ((await contents(this.#previous)) !== undefined) {
      // Somebody else may have made nginx load the file that was not tested.
      await replaceFile(this.#reloadNeeded, [], { mode: fileMode });
      await this.#putBack();
    }
    return contents(this.#options.path);
  }

  /**
   * Makes nginx use these servers. Does nothing where it does already.
   *
   * @param present what {@link read} returned
   * @param signal ends what is under way; a file that is not tested by then is put back
   * @returns true where nginx was reloaded
   * @throws Error that is for people; what they find at the file's place is valid in any case
   */
  async install(wanted: Buffer, present: Buffer | undefined, signal: AbortSignal): Promise<boolean> {
    const isThere = present?.equals(wanted) === true;
    if (isThere && (await contents(this.#reloadNeeded)) === undefined) return false;
    if (!isThere) await this.#replace(wanted, present, signal);
    await this.#reload(signal);
    return true;
  }

  async #replace(wanted: Buffer, present: Buffer | undefined, signal: AbortSignal): Promise<void> {
    const { path, test } = this.#options;
    // To nginx an empty file is a valid one, and a missing one is a mistake.
    await replaceFile(this.#previous, [present ?? Buffer.alloc(0)], { mode: fileMode, signal });
    try {
      await replaceFile(path, [wanted], { mode: fileMode, signal });
      await runNginx(test, signal);
    } catch (error) {
      await this.#putBack();
      throw await this.#refusal(error as Error, wanted, present, signal);
    }
    await changed(path, () => renameDurably(this.#previous, this.#reloadNeeded));
  }

  async #reload(signal: AbortSignal): Promise<void> {
    const { path, reload } = this.#options;
    try {
      await runNginx(reload, signal);
    } catch (error) {
      throw new Error(`nginx has not loaded ${path}, which is new and valid: ${(error as Error).message}; is nginx running?`, {
        cause: error,
      });
    }
    await changed(path, () => removeIfThere(this.#reloadNeeded));
  }

  /** At once, so that nothing else finds the file where it is; whether the disk knows is less important. */
  #putBack(): Promise<void> {
    return changed(this.#options.path, () => rename(this.#previous, this.#options.path));
  }

  /** Whose fault it is: the test may fail for any file. */
  async #refusal(error: Error, wanted: Buffer, present: Buffer | undefined, signal: AbortSignal): Promise<Error> {
    const { path, test } = this.#options;
    if (signal.aborted) return error;
    const hasOther = present !== undefined && present.length > 0;
    if (hasOther && !(await runNginx(test, signal).then(isTrue, isFalse))) {
      const what = `the test fails for the new ${path}, and without it, too; fix that first; nginx keeps running unchanged`;
      return new Error(`${what}: ${error.message}`, { cause: error });
    }
    await replaceFile(this.#rejected, [wanted], { mode: fileMode }).catch(() => undefined);
    const what = `nginx refuses the new ${path} (now ${this.#rejected})`;
    return new Error(`${what}${hasOther ? '; the one before is in its place again' : ''}: ${error.message}`, { cause: error });
  }
}

const isTrue = (): boolean => true;
const isFalse = (): boolean => false;

async function contents(path: string): Promise<Buffer | undefined> {
  try {
    return await readBounded(path, { mostBytes: mostFileBytes, limitMs: readLimitMs });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw fileProblem(path, 'read', error);
  }
}

async function changed(path: string, change: () => Promise<void>): Promise<void> {
  try {
    await change();
  } catch (error) {
    throw fileProblem(path, 'replaced', error);
  }
}
