/** The folder for what outlives the process: made, tried, and locked against a second daemon. */
import { mkdir, open, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { CodedError } from '../errors.js';
import { clearTemporary } from './durable-file.js';
import { lockStateDir, refuseHeld, type LockOptions, type StateLock } from './state-lock.js';

/**
 * Errors of a folder that is right, but cannot be written now: the disk, its quota or its permissions change without a
 * change of the configuration. Any other error (ENOENT, ENOTDIR …) means that the configured path is wrong.
 */
const passing = [
  'ENOSPC',
  'EDQUOT',
  'EROFS',
  'EACCES',
  'EPERM',
  'EIO',
  'EMFILE',
  'ENFILE',
  'ENOMEM',
  'ESTALE',
  'ETIMEDOUT',
  'ENOTCONN',
  'EREMOTEIO',
  'ENODEV',
  'EHOSTDOWN',
  'EHOSTUNREACH',
  'EBUSY',
  'EAGAIN',
];

/** Words for errors of the file system, for people. */
const words: Readonly<Record<string, string>> = {
  EDQUOT: 'the disk quota is used up',
  EROFS: 'the file system is read-only',
  EACCES: 'this user may not write there',
  EPERM: 'this user may not write there',
  EIO: 'the disk reports an error',
};

/** The folder cannot be used now, but may be later. */
export class StateDirUnusable extends CodedError {}

/**
 * Makes the folder ready for this process alone.
 *
 * @param processId of this process
 * @throws StateDirUnusable if that may pass; CodedError state_dir_not_writable, state_dir_in_use; the signal's reason
 */
export async function openStateDir(dir: string, processId: number, options: LockOptions = {}): Promise<StateLock> {
  try {
    await tryToWrite(dir);
  } catch (error) {
    // Another daemon may have filled it.
    await refuseHeld(dir);
    throw cannotBeWritten(dir, error);
  }
  const lock = await lockStateDir(dir, processId, options);
  await clearTemporary(dir).catch(() => undefined);
  return lock;
}

async function tryToWrite(dir: string): Promise<void> {
  // Not with `recursive`: that never returns where the parent says ENOENT to mkdir, as /proc does.
  await mkdir(dir, { mode: 0o750 }).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  });
  const trial = join(dir, '.writable');
  // Left by a process that was killed; opening a FIFO of that name would wait.
  await unlink(trial).catch(() => undefined);
  const file = await open(trial, 'wx', 0o640);
  try {
    // A file of no bytes fits on a full disk.
    await file.writeFile('vitald');
  } finally {
    await file.close();
    await unlink(trial);
  }
}

function cannotBeWritten(dir: string, error: unknown): CodedError {
  const { code } = error as NodeJS.ErrnoException;
  const why = code === undefined ? String(error) : withCode(code);
  const message = `the state folder ${dir} cannot be written (${why}): set server.state_dir to a folder that this user may write, or to none to keep nothing`;
  const Kind = code !== undefined && passing.includes(code) ? StateDirUnusable : CodedError;
  return new Kind('state_dir_not_writable', message, { cause: error });
}

/** A disk without room for a file has no bytes left, or no inodes. */
function withCode(code: string): string {
  const word = code === 'ENOSPC' ? 'the disk is full, or has no inodes left' : words[code];
  return word === undefined ? code : `${word}, ${code}`;
}
