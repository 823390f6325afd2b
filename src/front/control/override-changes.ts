/** Overrides and weights that operators set, change and end; and those that end by themselves. */
import { CodedError } from '../../errors.js';
import { instantNow, wasClockSet, type Instant } from '../../instant.js';
import type { OperatorNote, Override } from '../../messages.js';
import { unexpired } from '../../override-end.js';
import type { EnginePort } from './engine-port.js';
import { Batches } from './batches.js';
import { withoutMode, withoutWeight, type OverrideMode, type OverrideStore } from '../view/override-store.js';

/** Backends with an override, those that are not there too: all cross threads and are written to disk with each change. */
export const mostOverrides = 10_000;

/** Upper bound on a timer, so that wall-clock changes are noticed. */
const longestTimerMs = 10_000;

export interface OverrideChange {
  readonly before: Override | undefined;
  readonly after: Override;
}

interface Pending {
  readonly override: Override;
  resolve(): void;
  reject(error: unknown): void;
}

export interface OverrideChangesOptions {
  readonly store: OverrideStore;
  readonly engine: Pick<EnginePort, 'ask'>;
  /** Told of each override that has ended by itself, once that is in force. */
  onExpired(change: OverrideChange): void;
  /** Called when the wall clock was set: the ends that are on disk are wrong by then. */
  onClockSet?(): void;
  /** Default: this machine's clocks. */
  now?(): Instant;
}

export class OverrideChanges {
  readonly #options: OverrideChangesOptions;
  readonly #batches = new Batches<Pending>((pending) => this.#tellEngine(pending));
  #timer: NodeJS.Timeout | undefined;
  #closed = false;
  #lastLook: Instant | undefined;

  constructor(options: OverrideChangesOptions) {
    this.#options = options;
  }

  /** Ends what should have ended while this process was not there, and begins to wait for the rest. */
  start(): void {
    this.#endExpired();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  /**
   * Resolves when it is in force.
   *
   * @throws CodedError override_limit; unavailable when vitald stops
   */
  setMode(listener: string, backend: string, mode: OverrideMode, note: OperatorNote): Promise<OverrideChange> {
    return this.#change(listener, backend, (before) => ({ ...withoutMode(before), admin: mode, adminNote: note }));
  }

  /** @param weight 0: no new requests @throws as {@link setMode} */
  setWeight(listener: string, backend: string, weight: number, note: OperatorNote): Promise<OverrideChange> {
    return this.#change(listener, backend, (before) => ({ ...withoutWeight(before), weight, weightNote: note }));
  }

  /** Undefined: there was none. */
  async endMode(listener: string, backend: string): Promise<OverrideChange | undefined> {
    const before = this.#options.store.of(listener, backend);
    return before === undefined || before.admin === 'none' ? undefined : this.#change(listener, backend, withoutMode);
  }

  /** Undefined: there was none. */
  async endWeight(listener: string, backend: string): Promise<OverrideChange | undefined> {
    const weight = this.#options.store.of(listener, backend)?.weight;
    return weight === undefined ? undefined : this.#change(listener, backend, withoutWeight);
  }

  /** The store changes at once, so that the next change rests on this one; the engine is told in the same order. */
  async #change(listener: string, backend: string, edit: (before: Override) => Override): Promise<OverrideChange> {
    const { store } = this.#options;
    const before = store.of(listener, backend);
    if (before === undefined && store.size >= mostOverrides) {
      throw new CodedError('override_limit', `${mostOverrides} backends have an override already; end some that are not needed.`);
    }
    const after = edit(before ?? nothingOf({ listener, backend }));
    store.set(after);
    this.#setTimer();
    await new Promise<void>((resolve, reject) => this.#batches.add({ override: after, resolve, reject }));
    return { before, after };
  }

  async #tellEngine(pending: readonly Pending[]): Promise<void> {
    const result = await this.#options.engine.ask({ kind: 'override', overrides: pending.map(({ override }) => override) });
    for (const one of pending) {
      if (result.done) one.resolve();
      else one.reject(new CodedError('unavailable', 'vitald is shutting down and accepts no more changes'));
    }
  }

  #now(): Instant {
    return this.#options.now?.() ?? instantNow();
  }

  #endExpired(): void {
    const now = this.#now();
    if (this.#lastLook !== undefined && wasClockSet(this.#lastLook, now)) this.#options.onClockSet?.();
    this.#lastLook = now;
    for (const override of this.#options.store.expired(now)) {
      // When vitald stops, its next start ends it.
      this.#change(override.listener, override.backend, (before) => unexpired(before, now) ?? nothingOf(before)).then(
        (change) => this.#options.onExpired(change),
        () => undefined,
      );
    }
    this.#setTimer();
  }

  #setTimer(): void {
    clearTimeout(this.#timer);
    const leftMs = this.#options.store.msUntilNextEnd(this.#now());
    if (leftMs === undefined || this.#closed) return;
    const waitMs = Math.min(Math.max(leftMs, 0), longestTimerMs);
    this.#timer = setTimeout(() => this.#endExpired(), waitMs).unref();
  }
}

/** Says nothing of a backend: ends what was said. */
function nothingOf({ listener, backend }: Pick<Override, 'listener' | 'backend'>): Override {
  return { listener, backend, admin: 'none', weight: undefined };
}
