/** All that an earlier process left in the state folder, for the next one. */
import { isDeepStrictEqual } from 'node:util';
import { loadControl, type ControlState } from './control-state.js';
import { loadSnapshot, type Snapshot } from './snapshot.js';
import type { Instant } from './instant.js';
import type { Override } from './messages.js';
import { resumed, unexpired } from './override-end.js';
import { openStateDir } from './state-dir.js';

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
  /** Lets another process have it. */
  readonly release: () => Promise<void>;
}

export interface RestoreOptions {
  /** Of this process. */
  readonly processId: number;
  readonly now: Instant;
}

const nothing: RestoredState = {
  control: { overrides: [], runtime: [] },
  snapshot: { revision: 0, verdicts: [] },
  folder: { dir: undefined, problems: [], warnings: [], release: () => Promise.resolve() },
};

/**
 * Takes the folder for this process and reads what is there.
 *
 * @param dir undefined: nothing is kept
 * @throws CodedError state_dir_not_writable, state_dir_in_use
 */
export async function restoreState(dir: string | undefined, { processId, now }: RestoreOptions): Promise<RestoredState> {
  if (dir === undefined) return nothing;
  const { warning, release } = await openStateDir(dir, processId);
  const { state, problem: controlProblem } = await loadControl(dir);
  const { value: snapshot = nothing.snapshot, problem: snapshotProblem } = await loadSnapshot(dir, now.wallMs);
  const overrides = state.overrides.flatMap((override) => {
    const left = unexpired(override, now);
    return left === undefined ? [] : [resumed(left, now)];
  });
  const expired = state.overrides.filter((override) => !isDeepStrictEqual(unexpired(override, now), override));
  const problems = [controlProblem, snapshotProblem].filter((problem) => problem !== undefined);
  const warnings = [...(warning === undefined ? [] : [warning]), ...expired.map(toldAsExpired)];
  return { control: { ...state, overrides }, snapshot, folder: { dir, problems, warnings, release } };
}

function toldAsExpired({ listener, backend, admin, adminNote, weightNote }: Override): string {
  const { by = '', why = '' } = adminNote ?? weightNote ?? {};
  return `${listener}/${backend}: ${admin === 'none' ? 'the weight' : admin} set by ${by} (${why}) has expired while vitald was not running`;
}
