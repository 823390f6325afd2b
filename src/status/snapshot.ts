/**
 * What outlives the process: the verdict of every backend, so that a restart does not make all of them `initial`.
 * One file, replaced atomically, with a version and a checksum; a damaged one is set aside and survived.
 */
import { createHash } from 'node:crypto';
import { mkdir, open, readFile, rename, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { CodedError } from '../errors.js';

/** What is kept of one backend. */
export interface SavedVerdict {
  readonly listener: string;
  readonly backend: string;
  /** What was judged, and how: a verdict is taken up again only where these are the same. */
  readonly target: string;
  readonly state: 'healthy' | 'unhealthy';
  /** Wall-clock ms since the epoch. */
  readonly since: number;
  readonly run: { readonly outcome: 'pass' | 'fail'; readonly length: number };
}

export interface Snapshot {
  /** Wall-clock ms since the epoch. */
  readonly savedAt: number;
  /** The last revision given out. */
  readonly revision: number;
  readonly verdicts: readonly SavedVerdict[];
}

const version = 1;
const fileName = 'state.json';
/** Older verdicts say too little of the present: backends begin anew. */
const longestAgeMs = 10 * 60_000;

/**
 * Sees that the folder is there and can be written.
 *
 * @throws CodedError state_dir_not_writable
 */
export async function prepareStateDir(dir: string): Promise<void> {
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
}

/** Writes the snapshot so that either the old or the new one is there, whatever happens. */
export async function saveSnapshot(dir: string, snapshot: Snapshot): Promise<void> {
  const body = JSON.stringify(snapshot);
  const temporary = join(dir, `${fileName}.new`);
  const file = await open(temporary, 'w', 0o640);
  try {
    await file.writeFile(`${JSON.stringify({ version, sha256: sha256(body) })}\n${body}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, join(dir, fileName));
}

/** What came of reading: a snapshot, nothing (first start, or too old), or a sentence about a file that was set aside. */
export interface LoadedSnapshot {
  readonly snapshot?: Snapshot;
  readonly problem?: string;
}

/** @param now wall-clock ms since the epoch */
export async function loadSnapshot(dir: string, now: number): Promise<LoadedSnapshot> {
  const path = join(dir, fileName);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT'
      ? {}
      : { problem: `the saved state ${path} cannot be read: ${String(error)}` };
  }
  const snapshot = parse(text);
  if (snapshot === undefined) {
    const aside = `${path}.damaged`;
    await rename(path, aside);
    return { problem: `the saved state was damaged and is set aside as ${aside}; every backend begins as initial` };
  }
  const age = now - snapshot.savedAt;
  // The revisions of an old one still count: they must only grow.
  return { snapshot: age >= 0 && age <= longestAgeMs ? snapshot : { ...snapshot, verdicts: [] } };
}

function parse(text: string): Snapshot | undefined {
  const [head, body] = text.split('\n');
  try {
    const header = JSON.parse(head ?? '') as { version?: unknown; sha256?: unknown };
    if (header.version !== version || body === undefined || header.sha256 !== sha256(body)) return undefined;
    return JSON.parse(body) as Snapshot;
  } catch {
    return undefined;
  }
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
