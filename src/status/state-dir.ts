/** The folder for what outlives the process: made, tried, and locked against a second daemon. */
import { mkdir, open, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { CodedError } from '../errors.js';
import { clearTemporary } from './durable-file.js';
import { lockStateDir, type StateLock } from './state-lock.js';

/**
 * Makes the folder ready for this process alone.
 *
 * @param processId of this process
 * @throws CodedError state_dir_not_writable, state_dir_in_use
 */
export async function openStateDir(dir: string, processId: number): Promise<StateLock> {
  try {
    // Not with `recursive`: that never returns where the parent says ENOENT to mkdir, as /proc does.
    await mkdir(dir, { mode: 0o750 }).catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    });
    const trial = join(dir, '.writable');
    await (await open(trial, 'w', 0o640)).close();
    await unlink(trial);
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code ?? String(error);
    throw new CodedError(
      'state_dir_not_writable',
      `the state folder ${dir} cannot be written (${why}): set server.state_dir to a folder that this user may write, or to none to keep nothing`,
      { cause: error },
    );
  }
  const lock = await lockStateDir(dir, processId);
  await clearTemporary(dir);
  return lock;
}
