/** Files that other programs read: at every moment, a crash included, the whole old one or the whole new one is there. */
import { open, rename, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { FileRefused } from '../../files/regular-file.js';
import { syncFolder } from '../../persistence/durable-file.js';

export interface ReplaceFileOptions {
  /** Permissions of the new file, whatever the umask is. */
  readonly mode: number;
  /** Aborts: the old file stays. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Writes a file beside the old one, to the disk, and puts it in its place.
 *
 * @param pieces made while they are written; between them the thread does what else there is
 * @throws Error that is for people; the old file is untouched then
 */
export async function replaceFile(path: string, pieces: Iterable<Uint8Array>, { mode, signal }: ReplaceFileOptions): Promise<void> {
  const temporary = companion(path, 'new');
  try {
    await removeIfThere(temporary);
    await writeNew(temporary, pieces, { mode, signal });
    signal?.throwIfAborted();
    await renameDurably(temporary, path);
  } catch (error) {
    await removeIfThere(temporary).catch(() => undefined);
    throw fileProblem(path, 'written', error);
  }
}

/**
 * The path of a helper file beside a file. It begins with a dot, so that a pattern such as `conf.d/*`, by which a load
 * balancer reads the file, does not find it.
 */
export function companion(path: string, purpose: string): string {
  return join(dirname(path), `.${basename(path)}.vitald-${purpose}`);
}

/** Renames, and sees that the disk knows of it. */
export async function renameDurably(from: string, to: string): Promise<void> {
  await rename(from, to);
  await syncFolder(dirname(to));
}

export async function removeIfThere(path: string): Promise<void> {
  await unlink(path).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  });
}

/** @param what `written`, `read` … @returns an error that says what to do about the usual causes */
export function fileProblem(path: string, what: string, error: unknown): Error {
  if (error instanceof FileRefused) return new Error(`${path} cannot be ${what}: ${error.message}`, { cause: error });
  const { code } = error as NodeJS.ErrnoException;
  if (code === undefined) return error instanceof Error ? error : new Error(String(error));
  return new Error(`${path} cannot be ${what} (${code})${advice[code] ?? ''}`, { cause: error });
}

const noPermission = ': the user that vitald runs as needs permission for the file and its folder';

const advice: Readonly<Record<string, string>> = {
  ENOENT: ': there is no such file or folder; create it, or name another',
  ENOTDIR: ': a part of the path is no folder; name another path',
  EISDIR: ': that is a folder; name a file in it',
  EACCES: noPermission,
  EPERM: noPermission,
  EROFS: ': its file system is read-only; mount it writable, or name another path',
  ENOSPC: ': the disk is full; free some space',
  EDQUOT: ': the quota is used up; free some space',
  EIO: ': the disk is broken; see the log of the kernel',
};

/** @throws where the file is there already: nobody can put a link in its way */
async function writeNew(path: string, pieces: Iterable<Uint8Array>, { mode, signal }: ReplaceFileOptions): Promise<void> {
  const file = await open(path, 'wx', mode);
  try {
    for (const piece of pieces) {
      signal?.throwIfAborted();
      await file.writeFile(piece);
    }
    await file.chmod(mode);
    await file.sync();
  } finally {
    await file.close();
  }
}
