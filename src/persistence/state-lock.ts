/**
 * One daemon for each state folder: two of them would overwrite each other's state without a word.
 *
 * The lock is a Unix socket in the folder, on which the holder listens. Whether that one is alive is for the kernel to
 * say: who connects gets through, or the socket is left over from a process that has ended, however it did. So nothing
 * is guessed from process numbers, which mean something else in another container, and a crash leaves nothing to clear
 * away by hand. Daemons on different machines (NFS) do not see each other.
 */
import { randomUUID } from 'node:crypto';
import { open, rename, stat, unlink, type FileHandle } from 'node:fs/promises';
import { createConnection, createServer, type Server } from 'node:net';
import { platform } from 'node:os';
import { join } from 'node:path';
import { CodedError } from '../errors.js';
import { inTurn, TurnTaken, type TurnOptions } from './lock-turn.js';

const name = 'lock';
/** How long the holder has to say who it is. */
const introductionMs = 500;

export interface StateLock {
  /** Why the folder could not be locked, where its file system does not know sockets. */
  readonly warning?: string;
  readonly release: () => Promise<void>;
}

export type LockOptions = Omit<TurnOptions, 'processId'>;

/**
 * @param dir a folder that can be written
 * @param processId of this process, for people who find the lock held
 * @throws CodedError state_dir_in_use; the signal's reason
 */
export async function lockStateDir(dir: string, processId: number, options: LockOptions = {}): Promise<StateLock> {
  const folder = await open(dir, 'r');
  const within = await shortPathOf(folder, dir);
  try {
    const server = await lock(dir, within, { ...options, processId });
    return held(server, folder, within);
  } catch (error) {
    await folder.close();
    options.signal?.throwIfAborted();
    if (error instanceof CodedError) throw error;
    if (error instanceof TurnTaken) throw takenUp(dir, error);
    return unlockable(dir, error);
  }
}

/** The path of a socket has at most 107 bytes (sun_path of unix(7)), and that of the folder may have more. /proc may be missing. */
async function shortPathOf(folder: FileHandle, dir: string): Promise<string> {
  const short = `/proc/self/fd/${folder.fd}`;
  return platform() === 'linux' && (await stat(short).catch(() => undefined)) !== undefined ? short : dir;
}

/** @throws CodedError state_dir_in_use if another daemon has the folder, whether it can be written or not */
export async function refuseHeld(dir: string): Promise<void> {
  const folder = await open(dir, 'r').catch(() => undefined);
  if (folder === undefined) return;
  try {
    const holder = await holderOf(join(await shortPathOf(folder, dir), name));
    if (holder !== undefined && holder.doubt === undefined) throw inUse(dir, holder);
  } finally {
    await folder.close();
  }
}

/** @throws CodedError state_dir_in_use; TurnTaken; Error if the file system does not know sockets */
async function lock(dir: string, within: string, options: TurnOptions): Promise<Server> {
  const path = join(within, name);
  // Under a name of its own until it listens: a process that finds a lock may ask it at once.
  const own = join(within, `${name}.${randomUUID()}`);
  const server = await listen(own, options.processId);
  const take = async (isMine: () => Promise<boolean>): Promise<boolean> => {
    const holder = await holderOf(path);
    if (holder !== undefined) throw inUse(dir, holder);
    if (!(await isMine())) return false;
    await rename(own, path);
    return true;
  };
  try {
    while (!(await inTurn({ dir, within }, options, take)));
    return server;
  } catch (error) {
    await closed(server);
    throw error;
  }
}

function takenUp(dir: string, { message }: TurnTaken): CodedError {
  return new CodedError(
    'state_dir_in_use',
    `the lock of the state folder ${dir} cannot be taken: ${message}; stop that process, or set server.state_dir to another folder`,
  );
}

function unlockable(dir: string, error: unknown): StateLock {
  const why = (error as NodeJS.ErrnoException).code ?? String(error);
  const warning = `the state folder ${dir} cannot be locked (${why}): see that no other vitald uses it, or both lose state`;
  return { warning, release: () => Promise.resolve() };
}

interface Holder {
  /** As it says itself; undefined where it does not. */
  readonly processId?: string;
  /** Why it is not known whether there is one. */
  readonly doubt?: string;
}

function inUse(dir: string, { processId, doubt }: Holder): CodedError {
  if (doubt !== undefined) {
    const lock = join(dir, name);
    const message = `the state folder ${dir} may be in use by another vitald: its lock cannot be asked (${doubt}); see that none runs, then remove ${lock}`;
    return new CodedError('state_dir_in_use', message);
  }
  const who = processId === undefined ? 'another vitald' : `another vitald (process ${processId})`;
  return new CodedError(
    'state_dir_in_use',
    `the state folder ${dir} is in use by ${who}: stop that one, or set server.state_dir to a folder of its own for each`,
  );
}

/** Who listens on a socket; undefined: nobody. */
function holderOf(path: string): Promise<Holder | undefined> {
  return new Promise((resolve) => {
    const socket = createConnection(path);
    let said = '';
    const answer = (holder: Holder | undefined): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(holder);
    };
    const alive = (): void => {
      const processId = /^\d{1,10}$/.exec(said)?.[0];
      answer(processId === undefined ? {} : { processId });
    };
    // A holder that is stopped or very busy does not answer, but is there: the kernel has let us through.
    const timer = globalThis.setTimeout(alive, introductionMs);
    socket.setEncoding('utf8');
    socket.on('data', (text: string) => {
      said = (said + text).slice(0, 16);
    });
    socket.on('end', alive);
    socket.on('error', ({ code = 'unknown' }: NodeJS.ErrnoException) => {
      if (code === 'ECONNREFUSED' || code === 'ENOENT') answer(undefined);
      // Its queue of connections is full, or it ended the connection.
      else if (code === 'EAGAIN' || code === 'ECONNRESET' || code === 'EPIPE') alive();
      else answer({ doubt: code });
    });
  });
}

function listen(path: string, processId: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.end(String(processId));
    });
    server.once('error', reject);
    server.listen(path, () => {
      server.unref();
      resolve(server);
    });
  });
}

function held(server: Server, folder: FileHandle, within: string): StateLock {
  return {
    release: async () => {
      await unlink(join(within, name)).catch(() => undefined);
      await closed(server);
      await folder.close();
    },
  };
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
  });
}
