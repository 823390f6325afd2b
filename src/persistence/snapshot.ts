/**
 * The verdicts of all backends on disk, so that neither a restart nor a crash makes every backend `initial`. Written
 * anew every few seconds (front/saving/verdict-keeper.ts), for a crash does not announce itself.
 *
 *   { savedAt, revision, listeners: [ { name, type, intervalMs, backends: [ row, row … ] } … ] }
 *
 * A row is a list, in the order of {@link SavedRow}: 100,000 of them are 9 MB.
 */
import { loadDurably, type Loaded } from './durable-file.js';

/** What is kept of one backend. */
export interface SavedVerdict {
  readonly listener: string;
  readonly backend: string;
  /** What was judged, and how: a verdict is taken up again only where these are the same. See {@link targetOf}. */
  readonly target: string;
  readonly state: 'healthy' | 'unhealthy';
  /** Wall-clock ms since the epoch. */
  readonly since: number;
  /** When it was last probed, wall-clock ms since the epoch. */
  readonly probedAt: number;
  readonly run: { readonly outcome: 'pass' | 'fail'; readonly length: number };
  readonly transitions: { readonly toHealthy: number; readonly toUnhealthy: number };
}

export interface Snapshot {
  /** No higher revision was given out. */
  readonly revision: number;
  readonly verdicts: readonly SavedVerdict[];
}

/** A listener as it is written. */
export interface SavedListener {
  readonly name: string;
  /** Kind of check. */
  readonly type: string;
  readonly intervalMs: number;
  readonly rows: Iterable<SavedRow>;
}

/** A backend as it is written; see {@link SavedVerdict}. */
export type SavedRow = readonly [
  backend: string,
  address: string,
  checkPort: number,
  state: 'healthy' | 'unhealthy',
  since: number,
  probedAt: number,
  runOutcome: 'pass' | 'fail',
  runLength: number,
  toHealthy: number,
  toUnhealthy: number,
];

export interface SnapshotHead {
  /** Wall-clock ms since the epoch, for people. */
  readonly savedAt: number;
  /** No higher revision was given out. */
  readonly revision: number;
}

export const snapshotFormat = { name: 'verdicts.json', version: 1 };

/**
 * A verdict says little of the present when so much time has gone by since its backend should have been probed again.
 * Counted from its last probe, not from when it was written: a daemon that is restarted again and again before it
 * probes must not make an old verdict young.
 */
const longestAgeMs = 10 * 60_000;
/** A clock that is set right at start may go back a little. */
const clockSkewMs = 60_000;

/** About so many characters are written at once: some tenths of a millisecond of work. */
const pieceLength = 32 * 1024;

/** What was judged and how, as far as a verdict depends on it. */
export function targetOf(type: string, address: string, checkPort: number): string {
  return `${type} ${address} ${checkPort}`;
}

/**
 * The body of the file, piece by piece.
 *
 * @param listeners gone through while it is written, with pauses
 */
export function* snapshotPieces({ savedAt, revision }: SnapshotHead, listeners: Iterable<SavedListener>): Generator<string> {
  let piece = `{"savedAt":${savedAt},"revision":${revision},"listeners":[`;
  let firstListener = true;
  for (const { name, type, intervalMs, rows } of listeners) {
    const head = JSON.stringify({ name, type, intervalMs }).slice(0, -1);
    piece += `${firstListener ? '' : ','}\n${head},"backends":[`;
    firstListener = false;
    let firstRow = true;
    for (const row of rows) {
      piece += `${firstRow ? '' : ','}\n${JSON.stringify(row)}`;
      firstRow = false;
      if (piece.length < pieceLength) continue;
      yield piece;
      piece = '';
    }
    piece += ']}';
  }
  yield `${piece}]}\n`;
}

/**
 * Reads the snapshot; there is none at the first start. Never rejects.
 *
 * @param now wall-clock ms since the epoch; verdicts that are too old by then are left out
 */
export async function loadSnapshot(dir: string, now: number): Promise<Loaded<Snapshot>> {
  const loaded = await loadDurably(dir, snapshotFormat, (body) => parse(body, now));
  return loaded.problem === undefined ? loaded : { problem: `${loaded.problem}; every backend begins as initial` };
}

/** @throws Error that says what is wrong */
function parse(body: string, now: number): Snapshot {
  const { revision, listeners } = JSON.parse(body) as { readonly revision?: unknown; readonly listeners?: unknown };
  if (!isTime(revision) || !Array.isArray(listeners)) throw new Error('it has no revision or no listeners');
  const verdicts: SavedVerdict[] = [];
  for (const listener of listeners as unknown[]) {
    const { name, type, intervalMs, backends } = Object(listener) as Readonly<Record<string, unknown>>;
    if (typeof name !== 'string' || typeof type !== 'string' || !isTime(intervalMs) || !Array.isArray(backends)) {
      throw new Error('a listener in it is not as expected');
    }
    for (const row of backends) {
      if (!isRow(row)) throw new Error(`a backend of the listener ${name} in it is not as expected`);
      const age = now - row[5];
      if (age >= -clockSkewMs && age <= longestAgeMs + intervalMs) verdicts.push(verdictOf(name, type, row));
    }
  }
  return { revision, verdicts };
}

function verdictOf(
  listener: string,
  type: string,
  [backend, address, checkPort, state, since, probedAt, outcome, length, toHealthy, toUnhealthy]: SavedRow,
): SavedVerdict {
  const target = targetOf(type, address, checkPort);
  return { listener, backend, target, state, since, probedAt, run: { outcome, length }, transitions: { toHealthy, toUnhealthy } };
}

function isRow(row: unknown): row is SavedRow {
  if (!Array.isArray(row) || row.length !== 10) return false;
  const [backend, address, checkPort, state, since, probedAt, outcome, ...counts] = row as unknown[];
  return (
    typeof backend === 'string' &&
    typeof address === 'string' &&
    isCount(checkPort) &&
    (state === 'healthy' || state === 'unhealthy') &&
    isTime(since) &&
    isTime(probedAt) &&
    (outcome === 'pass' || outcome === 'fail') &&
    counts.every(isCount)
  );
}

/** A whole number, as a time in ms or a revision. */
function isTime(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** As the status table keeps it. */
function isCount(value: unknown): value is number {
  return isTime(value) && value < 2 ** 32;
}
