/**
 * Keeps the verdicts on disk up to date, for the next process: soon after changes, and now and then for the runs that
 * grow without one. It is done here and not by the engine, which has no time for it: the status table has all of it.
 */
import { DurableSaver } from '../../persistence/durable-saver.js';
import { StatusRow } from '../../status/reader.js';
import { snapshotFormat, snapshotPieces, type SavedListener, type SavedRow } from '../../persistence/snapshot.js';
import type { ListenerView } from '../view/model.js';
import { Cycle } from '../retry/cycle.js';
import type { FrontState, Moment } from '../view/state.js';
import type { StateSaves } from '../view/state-saves.js';

/** From one save to the next at least: what a crash may cost of the changes. */
const defaultMinIntervalMs = 5000;
/** So often where nothing changes: what a crash may cost of the runs. */
const unchangedIntervalMs = 30_000;
/** A disk that takes longer is told of as one that fails. */
const limitMs = 60_000;
/** From a save that failed to the next attempt at most. */
const longestBackoffMs = 10_000;
/**
 * Revisions that may be given out until the next save. After a crash the next process begins above them, also where its
 * clock has gone back; as many as revisions.ts gives to a second.
 */
const reservedRevisions = 1_000_000;

export interface VerdictKeeperOptions {
  /** The state folder. */
  readonly dir: string;
  readonly state: FrontState;
  readonly saves: StateSaves;
  /** From one save to the next at least; default 5 s. */
  readonly minIntervalMs?: number;
}

export class VerdictKeeper {
  readonly #state: FrontState;
  readonly #saver: DurableSaver;
  readonly #cycle: Cycle;
  #timer: NodeJS.Timeout | undefined;

  constructor({ dir, state, saves, minIntervalMs = defaultMinIntervalMs }: VerdictKeeperOptions) {
    this.#state = state;
    this.#saver = new DurableSaver(dir, snapshotFormat, {
      limitMs,
      blockedBy: () => saves.unusable,
      onSaved: (error) => saves.ended('verdicts', error),
    });
    // The saver has the limit.
    this.#cycle = new Cycle({ run: () => this.#save(), minIntervalMs, limitMs: 2 * limitMs, longestBackoffMs });
  }

  start(): void {
    this.#cycle.wake();
    this.#timer = setInterval(() => this.#cycle.wake(), unchangedIntervalMs);
  }

  /** There is something new. */
  changed(): void {
    if (this.#timer !== undefined) this.#cycle.wake();
  }

  /** Saves once more. Never rejects; a disk that hangs holds it up. */
  async close(): Promise<void> {
    if (this.#timer === undefined) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
    await this.#cycle.close();
    await this.#save().catch(() => undefined);
  }

  async #save(): Promise<number> {
    const { revision } = this.#state.changes;
    await this.#saver.save(() => {
      const moment = this.#state.now();
      return snapshotPieces({ savedAt: Date.now(), revision: moment.revision + reservedRevisions }, listenersOf(moment));
    });
    return revision;
  }
}

function* listenersOf(moment: Moment): Generator<SavedListener> {
  for (const listener of moment.model.listeners) {
    const { name, check } = listener.plan;
    if (check.enabled) yield { name, type: check.type, intervalMs: check.intervalMs, rows: rowsOf(moment, listener) };
  }
}

/** Backends that have a verdict. */
function* rowsOf(moment: Moment, { backends, slots }: ListenerView): Generator<SavedRow> {
  const row = new StatusRow();
  for (let place = 0; place < slots.length; place++) {
    const slot = slots[place]!;
    if (moment.hasGone(slot)) continue;
    moment.model.status.copy(slot, row);
    const { state, since, at, runOutcome, runLength, toHealthy, toUnhealthy } = row;
    if (state !== 'healthy' && state !== 'unhealthy') continue;
    const checkPort = backends.checkPort(place);
    yield [backends.id(place), backends.address(place), checkPort, state, since, at, runOutcome, runLength, toHealthy, toUnhealthy];
  }
}
