/**
 * A Unix socket that is never there with other permissions than those it is to have: it is made in a folder that only
 * this process can enter, and then moved to its place.
 */
import { chmod, chown, lstat, mkdtemp, readFile, rename, rm, unlink } from 'node:fs/promises';
import { once } from 'node:events';
import type { Server } from 'node:http';
import { createConnection } from 'node:net';
import { dirname, join } from 'node:path';
import type { UnixSocketPlan } from '../../config/plan.js';
import { CodedError } from '../../errors.js';

const notAnswering = ['ECONNREFUSED', 'ENOENT'];

/**
 * @returns what takes the socket away again, unless another process has put its own there meanwhile
 * @throws CodedError address_in_use, address_not_available or permission_missing
 */
export async function listenAtSocket(server: Server, plan: UnixSocketPlan): Promise<() => Promise<void>> {
  await refuseTaken(plan.path);
  const group = plan.group === undefined ? undefined : await groupId(plan.group);
  try {
    const folder = await mkdtemp(join(dirname(plan.path), '.v'));
    try {
      const first = join(folder, 's');
      server.listen(first);
      await once(server, 'listening');
      if (group !== undefined) await chown(first, -1, group);
      await chmod(first, plan.mode);
      const { ino } = await lstat(first);
      await rename(first, plan.path);
      return () => removeOwn(plan.path, ino);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  } catch (error) {
    throw failure(error, plan);
  }
}

/** What is there stays, unless it is a socket on which nobody answers any more. */
async function refuseTaken(path: string): Promise<void> {
  const found = await lstat(path).catch(() => undefined);
  if (found === undefined) return;
  if (!found.isSocket()) throw new CodedError('address_in_use', `server.unix_socket: ${path} is there, and not a socket; remove it`);
  if (await answers(path)) {
    throw new CodedError(
      'address_in_use',
      `server.unix_socket: another program listens at ${path}; set another path, or stop that program`,
    );
  }
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    // Any other error (no permission, too many waiting) does not say that nobody is there.
    socket.once('error', ({ code }: NodeJS.ErrnoException) => resolve(!notAnswering.includes(code ?? '')));
  });
}

async function groupId(group: string): Promise<number> {
  if (/^\d+$/.test(group)) return Number(group);
  const lines = (await readFile('/etc/group', 'utf8').catch(() => '')).split('\n').map((line) => line.split(':'));
  const id = lines.find(([name]) => name === group)?.[2];
  if (id !== undefined) return Number(id);
  throw new CodedError(
    'address_not_available',
    `server.unix_socket.group: /etc/group has no group ${group}; create it, or write its number`,
  );
}

async function removeOwn(path: string, ino: number): Promise<void> {
  const found = await lstat(path).catch(() => undefined);
  if (found?.ino === ino) await unlink(path).catch(() => undefined);
}

function failure(error: unknown, { path }: UnixSocketPlan): CodedError {
  const { code = 'unknown error' } = error as NodeJS.ErrnoException;
  const folder = dirname(path);
  if (code === 'ENOENT') return new CodedError('address_not_available', `server.unix_socket: the folder ${folder} is not there; create it`);
  const cannot = `server.unix_socket: ${path} cannot be made or given its group and mode (${code})`;
  return new CodedError('permission_missing', `${cannot}; this user must be allowed to write to ${folder}, and be in the group`);
}
