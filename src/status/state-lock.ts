/**
 * One daemon for each state folder: two of them would overwrite each other's state without a word.
 *
 * The lock is a Unix socket in the folder, on which the holder listens. Whether that one is alive is for the kernel to
 * say: who connects gets through, or the socket is left over from a process that has ended, however it did. So nothing
 * is guessed from process numbers, which mean something else in another container, and a crash leaves nothing to clear
 * away by hand. Daemons on different machines (NFS) do not see each other.
 */
import { randomUUID } from 'node:crypto';
import { link, open, rename, stat, unlink, type FileHandle } from 'node:fs/promises';
import { createConnection, createServer, type Server } from 'node:net';
import { platform } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { CodedError } from '../errors.js';

const name = 'lock';
/** Left-over locks that are cleared away before giving up: each one is another process that died just now. */
const mostAttempts = 5;
/** Longer than it takes to see that a lock is left over and to clear it away. */
const settleMs = 50;
/** How long the holder has to say who it is. */
const introductionMs = 500;

export interface StateLock {
  /** Why the folder could not be locked, where its file system does not know sockets. */
  readonly warning?: string;
  readonly release: () => Promise<void>;
}

/**
 * @param dir a folder that can be written
 * @param processId of this process, for people who find the lock held
 * @throws CodedError state_dir_in_use
 */
export async function lockStateDir(dir: string, processId: number): Promise<StateLock> {
  const folder = await open(dir, 'r');
  // The path of a socket has at most 107 bytes (sun_path of unix(7)); that of the folder may have more.
  const within = platform() === 'linux' ? `/proc/self/fd/${folder.fd}` : dir;
  try {
    const server = await lock(dir, within, processId);
    return held(server, folder, within);
  } catch (error) {
    await folder.close();
    if (error instanceof CodedError) throw error;
    return unlockable(dir, error);
  }
}

/** @throws CodedError state_dir_in_use; Error where the file system does not know sockets, or a second name for one */
async function lock(dir: string, within: string, processId: number): Promise<Server> {
  const own = join(within, `${name}.${randomUUID()}`);
  const server = await listen(own, processId);
  try {
    await take(dir, within, own);
    return server;
  } catch (error) {
    await closed(server);
    throw error;
  } finally {
    await unlink(own).catch(() => undefined);
  }
}

function unlockable(dir: string, error: unknown): StateLock {
  const why = (error as NodeJS.ErrnoException).code ?? String(error);
  const warning = `the state folder ${dir} cannot be locked (${why}): see that no other vitald uses it, or both lose state`;
  return { warning, release: () => Promise.resolve() };
}

/** Gives our socket the name of the lock, which only one can have. */
async function take(dir: string, within: string, own: string): Promise<void> {
  const path = join(within, name);
  for (let attempt = 0; attempt < mostAttempts; attempt++) {
    await clearLeftOver(dir, within);
    try {
      await link(own, path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') continue;
      throw error;
    }
    // Somebody who saw the old lock a moment before may just be clearing ours away; then a third one may have it.
    await setTimeout(settleMs);
    if (await isSame(own, path)) return;
  }
  throw inUse(dir, {});
}

async function isSame(path: string, other: string): Promise<boolean> {
  const [one, two] = await Promise.allSettled([stat(path, { bigint: true }), stat(other, { bigint: true })]);
  return one.status === 'fulfilled' && two.status === 'fulfilled' && one.value.ino === two.value.ino;
}

/** @throws CodedError state_dir_in_use where there is a lock and its holder is alive */
async function clearLeftOver(dir: string, within: string): Promise<void> {
  const path = join(within, name);
  const holder = await holderOf(path);
  if (holder !== undefined) throw inUse(dir, holder);
  // Out of the way first, and looked at again: it may be another one by now.
  const aside = join(within, `${name}.${randomUUID()}`);
  try {
    await rename(path, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  const newHolder = await holderOf(aside);
  if (newHolder !== undefined) await link(aside, path).catch(() => undefined);
  await unlink(aside);
  if (newHolder !== undefined) throw inUse(dir, newHolder);
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
