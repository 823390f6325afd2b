/** What `vitald check` can know of the state folder: facts that are the same for every user of this machine. */
import { accessSync, constants, statfsSync, statSync, type Stats } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Whether this user may write there is not looked at: the daemon usually runs as another one.
 *
 * @param dir undefined: nothing is kept
 * @returns a sentence; undefined: nothing is known against it
 */
export function stateDirWarning(dir: string | undefined): string | undefined {
  if (dir === undefined) return undefined;
  const stats = statsOf(dir);
  if (stats !== undefined && !stats.isDirectory()) return `${dir} is not a folder; set server.state_dir to one`;
  const present = stats === undefined ? dirname(dir) : dir;
  const why = isReadOnly(present) ? 'its file system is read-only' : whyFull(present);
  return why === undefined ? undefined : `the state folder ${dir} cannot be written now: ${why}; vitald would start, and keep nothing`;
}

/** @returns undefined if there is nothing yet, or nothing can be known: a folder on the way may not be readable */
function statsOf(dir: string): Stats | undefined {
  try {
    return statSync(dir);
  } catch {
    return undefined;
  }
}

function isReadOnly(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EROFS';
  }
}

function whyFull(path: string): string | undefined {
  try {
    const { bavail, files, ffree } = statfsSync(path);
    if (bavail === 0) return 'its disk is full';
    // Some file systems have no fixed number of inodes, and report none at all.
    return files > 0 && ffree === 0 ? 'its file system has no inodes left' : undefined;
  } catch {
    return undefined;
  }
}
