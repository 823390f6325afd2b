/**
 * Turns at the lock of a state folder: of several processes that start at once, one at a time looks at the lock and takes
 * it. A turn is the file `lock.turn`, created exclusively. It names its owner:
 *
 *   {"pid":4711,"start":"8391267","boot":"6f4e…","namespace":"pid:[4026531836]","id":"…"}
 *
 * A process that is killed during its turn leaves the file. An owner of the same boot and PID namespace is looked up in
 * /proc: the process number together with the start time is never given twice. Any other file (of another container,
 * empty, or garbage) is left over if it stays unchanged for {@link staleMs}; a turn takes milliseconds.
 */
import { randomUUID } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { link, lstat, open, rename, rmdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { kill } from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { readRegularFileAsync } from '../files/regular-file.js';

const name = 'lock.turn';
const pollMs = 20;
/** How long a file whose owner cannot be looked up is believed, ms. */
const staleMs = 2000;
/** A wait that takes longer is reported, ms. */
const reportAfterMs = 1000;
/** The start fails if the turn of a living process takes longer, ms. */
const longestWaitMs = 20_000;
const mostBytes = 4096;

export interface TurnOptions {
  /** Of this process. */
  readonly processId: number;
  /** Ends the wait. */
  readonly signal?: AbortSignal | undefined;
  /** Takes a sentence for people: what is waited for. */
  onWait?: ((sentence: string) => void) | undefined;
}

/** The turn of another process does not end. */
export class TurnTaken extends Error {}

interface Owner {
  readonly pid: number;
  /** When the process started, in the units of /proc/PID/stat. */
  readonly start: string;
  readonly boot: string;
  readonly namespace: string;
}

/** A file as it was seen. */
interface Seen {
  /** Changes with every new turn. */
  readonly identity: string;
  readonly text: string;
}

/**
 * Waits for the turn, then acts.
 *
 * @param dir the folder, for people; `within`: the path to reach it by
 * @param act gets a function that says whether the turn is still this one's, to be asked before it changes anything
 * @throws TurnTaken; the signal's reason; Error of the file system
 */
export async function inTurn<T>(
  { dir, within }: { readonly dir: string; readonly within: string },
  options: TurnOptions,
  act: (isMine: () => Promise<boolean>) => Promise<T>,
): Promise<T> {
  const path = join(within, name);
  const mine = JSON.stringify({ ...ownerOf(options.processId), id: randomUUID() });
  await takeTurn(path, mine, { ...options, shownPath: join(dir, name) });
  const isMine = async (): Promise<boolean> => (await look(path))?.text === mine;
  try {
    return await act(isMine);
  } finally {
    if (await isMine()) await unlink(path).catch(() => undefined);
  }
}

async function takeTurn(path: string, mine: string, options: TurnOptions & { readonly shownPath: string }): Promise<void> {
  const { signal, onWait, shownPath } = options;
  const beganAt = performance.now();
  let reported = false;
  let last: { readonly identity: string; readonly sinceMs: number } | undefined;
  while (!(await isCreated(path, mine))) {
    signal?.throwIfAborted();
    const seen = await look(path);
    const now = performance.now();
    if (seen === undefined) continue;
    if (seen.identity !== last?.identity) last = { identity: seen.identity, sinceMs: now };
    const owner = knownOwner(seen.text, options.processId);
    const isLeftOver = owner === undefined ? now - last.sinceMs > staleMs : !isAlive(owner);
    if (isLeftOver) {
      await remove(path, seen.identity);
      continue;
    }
    const who = owner === undefined ? 'another process' : `process ${owner.pid}`;
    if (!reported && now - beganAt > reportAfterMs) {
      reported = true;
      onWait?.(`waiting for ${shownPath}: ${who} is taking the lock of the state folder`);
    }
    if (now - beganAt > longestWaitMs) throw new TurnTaken(`${who} has held ${shownPath} for ${longestWaitMs / 1000} s`);
    await sleep(pollMs, undefined, { signal });
  }
}

/** @returns false if there is a file already */
async function isCreated(path: string, text: string): Promise<boolean> {
  try {
    const file = await open(path, 'wx', 0o640);
    // Without its text on a full disk it still is a turn.
    await file.writeFile(text).catch(() => undefined);
    await file.close();
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** @returns undefined if there is nothing */
async function look(path: string): Promise<Seen | undefined> {
  try {
    const stats = await lstat(path);
    const text = stats.isFile() ? (await readRegularFileAsync(path, mostBytes).catch(() => Buffer.alloc(0))).toString('utf8') : '';
    return { identity: `${stats.ino} ${stats.mtimeMs} ${text}`, text };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Removes a turn that was left over, and no other: another process may have removed it meanwhile, and taken its own. */
async function remove(path: string, identity: string): Promise<void> {
  const aside = `${path}.${randomUUID()}`;
  try {
    await rename(path, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  const isTheSame = (await look(aside))?.identity === identity;
  // If another process has taken a turn since, the owner of this one notices before it acts: see `isMine`.
  if (!isTheSame) await link(aside, path).catch(() => undefined);
  await unlink(aside).catch(() => rmdir(aside).catch(() => undefined));
}

function ownerOf(processId: number): Owner {
  return {
    pid: processId,
    start: startOf(processId) ?? '',
    boot: textOf(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()),
    namespace: textOf(() => readlinkSync('/proc/self/ns/pid')),
  };
}

/** The owner that a file names, if it can be looked up from this process; undefined otherwise. */
function knownOwner(text: string, processId: number): Owner | undefined {
  const { pid, start, boot, namespace } = parsed(text);
  const own = ownerOf(processId);
  if (typeof pid !== 'number' || !Number.isSafeInteger(pid) || pid <= 0 || typeof start !== 'string' || start === '') return undefined;
  if (own.boot === '' || boot !== own.boot || own.namespace === '' || namespace !== own.namespace) return undefined;
  return { ...own, pid, start };
}

function parsed(text: string): Readonly<Record<string, unknown>> {
  try {
    return Object(JSON.parse(text)) as Readonly<Record<string, unknown>>;
  } catch {
    return {};
  }
}

function isAlive({ pid, start }: Owner): boolean {
  try {
    kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  // Unreadable for other users where /proc is mounted with hidepid.
  const present = startOf(pid);
  return present === undefined || present === start;
}

/** When a process started; `dead` for one that has ended and is not reaped yet; undefined if that cannot be read. */
function startOf(pid: number): string | undefined {
  const stat = textOf(() => readFileSync(`/proc/${pid}/stat`, 'utf8'));
  // The name of the program stands in brackets, and may hold blanks and brackets (proc_pid_stat(5)).
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  if (fields[0] === 'Z' || fields[0] === 'X') return 'dead';
  return fields[19];
}

function textOf(read: () => string): string {
  try {
    return read();
  } catch {
    return '';
  }
}
