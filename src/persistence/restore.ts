/** All that an earlier process left in the state folder, for the next one. */
import { isDeepStrictEqual } from 'node:util';
import { setTimeout as sleep } from 'node:timers/promises';
import { controlFormat, loadControl, type ControlState } from './control-state.js';
import type { FileFormat } from './durable-file.js';
import { LateFolder } from './late-folder.js';
import { loadSnapshot, snapshotFormat, type Snapshot } from './snapshot.js';
import type { Instant } from '../instant.js';
import type { Override } from '../messages.js';
import { resumed, unexpired } from '../override-end.js';
import { openStateDir, StateDirUnusable } from './state-dir.js';
import type { StateLock } from './state-lock.js';

export interface RestoredState {
  /** Without overrides that have ended meanwhile. */
  readonly control: ControlState;
  readonly snapshot: Snapshot;
  readonly folder: StateFolder;
}

/** The folder, locked by this process. */
export interface StateFolder {
  /** Undefined: nothing is kept. */
  readonly dir: string | undefined;
  /** Files that were damaged, a sentence each. */
  readonly problems: readonly string[];
  /** What else the operator should know, a sentence each. */
  readonly warnings: readonly string[];
  /** Why it cannot be used, and who tries again; undefined: it can be used, or no state is kept. */
  readonly late?: LateFolder;
  /** Lets another process have it. */
  readonly release: () => Promise<void>;
}

export interface RestoreOptions {
  /** Of this process. */
  readonly processId: number;
  readonly now: Instant;
  /** Ends the wait for the lock. */
  readonly signal?: AbortSignal | undefined;
  /** Takes a sentence for people: what the start waits for. */
  onWait?: ((sentence: string) => void) | undefined;
}

const nothing: RestoredState = {
  control: { overrides: [], runtime: [] },
  snapshot: { revision: 0, verdicts: [] },
  folder: { dir: undefined, problems: [], warnings: [], release: () => Promise.resolve() },
};

/** A disk that does not answer must not keep the daemon from its work. */
const openWithinMs = 30_000;

/**
 * Takes the folder for this process and reads what is there. A folder that cannot be written now is read all the same,
 * and tried again later: see {@link StateFolder.late}.
 *
 * @param dir undefined: nothing is kept
 * @throws CodedError state_dir_not_writable, state_dir_in_use; the signal's reason
 */
export async function restoreState(dir: string | undefined, options: RestoreOptions): Promise<RestoredState> {
  if (dir === undefined) return nothing;
  const { now } = options;
  const opened = await openOrLater(dir, options);
  const { state, problem: controlProblem } = await loadControl(dir);
  const { value: snapshot = nothing.snapshot, problem: snapshotProblem } = await loadSnapshot(dir, now.wallMs);
  const overrides = state.overrides.flatMap((override) => {
    const left = unexpired(override, now);
    return left === undefined ? [] : [resumed(left, now)];
  });
  const expired = state.overrides.filter((override) => !isDeepStrictEqual(unexpired(override, now), override));
  const problems = [controlProblem, snapshotProblem].filter((problem) => problem !== undefined);
  const unread = [...(controlProblem === undefined ? [] : [controlFormat]), ...(snapshotProblem === undefined ? [] : [snapshotFormat])];
  const { warning, release, late } = typeof opened === 'string' ? later(opened, dir, options, unread) : { ...opened, late: undefined };
  const warnings = [...(warning === undefined ? [] : [warning]), ...expired.map(toldAsExpired)];
  return { control: { ...state, overrides }, snapshot, folder: { dir, problems, warnings, release, ...(late && { late }) } };
}

/** @returns the lock, or why the folder cannot be used now */
async function openOrLater(dir: string, { processId, signal, onWait }: RestoreOptions): Promise<StateLock | string> {
  const limit = new AbortController();
  const opening = openStateDir(dir, processId, { signal, onWait });
  const tooLate = sleep(openWithinMs, `the state folder ${dir} has not answered for ${openWithinMs / 1000} s`, { signal: limit.signal });
  try {
    return await Promise.race([opening, tooLate]);
  } catch (error) {
    if (error instanceof StateDirUnusable) return error.message;
    throw error;
  } finally {
    limit.abort();
    tooLate.catch(() => undefined);
  }
}

function later(problem: string, dir: string, { processId }: RestoreOptions, unread: readonly FileFormat[]) {
  const late = new LateFolder(problem, { dir, processId, unread });
  return { warning: undefined, late, release: () => late.release() };
}

function toldAsExpired({ listener, backend, admin, adminNote, weightNote }: Override): string {
  const { by = '', why = '' } = adminNote ?? weightNote ?? {};
  return `${listener}/${backend}: ${admin === 'none' ? 'the weight' : admin} set by ${by} (${why}) has expired while vitald was not running`;
}
