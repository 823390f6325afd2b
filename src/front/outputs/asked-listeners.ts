/**
 * Which listeners the other side asks for, of an output that is asked. A listener that is never asked for is not followed,
 * however well the other questions are answered.
 *
 *   first question ──► window ──► what was not asked for in it is missing ──► window ──► …
 *                                 until it is asked for
 *
 * A window is longer than the questions are apart. How far apart they are is unknown, so it grows when something that
 * was missing is asked for after all.
 */
import type { Change } from '../../messages.js';
import { instantNow, type Instant } from '../../instant.js';
import type { BackendsView } from './backends-view.js';

export interface AskedListenersOptions {
  readonly view: Pick<BackendsView, 'listeners' | 'size' | 'backends'>;
  /** Names of the listeners that the other side should ask for; undefined: all. */
  readonly only: readonly string[] | undefined;
  /** The shortest window. */
  readonly windowMs: number;
}

/** Backends of a listener that are never asked for, while others of it are. */
export interface MissingBackends {
  readonly listener: string;
  /** The first ones. */
  readonly ids: readonly string[];
  readonly count: number;
}

export interface Missing {
  /** Nothing at all was asked for in the last window. */
  readonly isSilent: boolean;
  readonly listeners: readonly string[];
  readonly backends: readonly MissingBackends[];
}

/** Windows are this many times as long as the longest pause between two questions for the same. */
const pausesInWindow = 3;
const longestWindowMs = 3_600_000;
const mostIds = 3;

/** What was asked for of a listener: undefined for all of it, or ids. */
type AskedIds = Set<string> | 'all';

const nothing: Missing = { isSilent: false, listeners: [], backends: [] };

export class AskedListeners {
  readonly #options: AskedListenersOptions;
  readonly #only: ReadonlySet<string> | undefined;
  #windowMs: number;
  /** Monotonic ms; undefined: no client has asked yet. */
  #windowBegan: number | undefined;
  #asked = new Map<string, AskedIds>();
  /** Listeners that got backends in this window: it is too short for those. */
  readonly #grown = new Set<string>();
  readonly #lastAskedAt = new Map<string, number>();
  #missing = nothing;

  constructor(options: AskedListenersOptions) {
    this.#options = options;
    this.#only = options.only && new Set(options.only);
    this.#windowMs = options.windowMs;
  }

  get missing(): Missing {
    return this.#missing;
  }

  /** True for a listener of this output. */
  has(listener: string): boolean {
    return this.#only?.has(listener) !== false;
  }

  /** Takes note of a question. @param id of a backend; undefined: for all of the listener */
  asked(listener: string, id?: string, { monotonicMs }: Instant = instantNow()): void {
    this.#windowBegan ??= monotonicMs;
    const known = this.#asked.get(listener);
    if (id === undefined) this.#asked.set(listener, 'all');
    else if (known === undefined) this.#asked.set(listener, new Set([id]));
    else if (known !== 'all') known.add(id);
    this.#found(listener, id, monotonicMs);
    this.#lastAskedAt.set(listener, monotonicMs);
  }

  changed(changes: readonly Change[]): void {
    for (const { what, listener } of changes) if (what === 'added') this.#grown.add(listener);
  }

  /** To be called every second or so: ends the window when it is over. */
  look({ monotonicMs }: Instant = instantNow()): void {
    if (this.#windowBegan === undefined || monotonicMs - this.#windowBegan < this.#windowMs) return;
    this.#missing = this.#notAsked();
    this.#windowBegan = monotonicMs;
    this.#asked = new Map();
    this.#grown.clear();
    for (const listener of this.#lastAskedAt.keys()) if (this.#options.view.size(listener) === 0) this.#lastAskedAt.delete(listener);
  }

  #notAsked(): Missing {
    const { view } = this.#options;
    const expected = view.listeners.filter((one) => this.has(one) && view.size(one) > 0 && !this.#grown.has(one));
    return {
      isSilent: this.#asked.size === 0,
      listeners: expected.filter((listener) => !this.#asked.has(listener)),
      backends: expected.flatMap((listener) => this.#notAskedOf(listener)),
    };
  }

  #notAskedOf(listener: string): MissingBackends[] {
    const ids = this.#asked.get(listener);
    const { view } = this.#options;
    if (ids === undefined || ids === 'all' || ids.size >= view.size(listener)) return [];
    const first: string[] = [];
    for (const { backend } of view.backends(listener)) {
      if (!ids.has(backend)) first.push(backend);
      if (first.length === mostIds) break;
    }
    return first.length === 0 ? [] : [{ listener, ids: first, count: Math.max(view.size(listener) - ids.size, first.length) }];
  }

  /** Takes what is asked for out of what is missing. If it was asked for before, too, the window was too short for it. */
  #found(listener: string, id: string | undefined, now: number): void {
    const { listeners, backends } = this.#missing;
    if (this.#missing === nothing) return;
    const lastAskedAt = this.#lastAskedAt.get(listener);
    if (listeners.includes(listener) && lastAskedAt !== undefined) {
      this.#widen(pausesInWindow * (now - lastAskedAt));
    }
    const isBack = id !== undefined && backends.some((one) => one.listener === listener && one.ids.includes(id));
    if (isBack) this.#widen(2 * this.#windowMs);
    this.#missing = {
      isSilent: false,
      listeners: listeners.filter((one) => one !== listener),
      backends: backends.flatMap((one) => withoutId(one, listener, id)),
    };
  }

  #widen(toMs: number): void {
    this.#windowMs = Math.min(Math.max(this.#windowMs, toMs), longestWindowMs);
  }
}

function withoutId(missing: MissingBackends, listener: string, id: string | undefined): MissingBackends[] {
  if (missing.listener !== listener) return [missing];
  if (id === undefined) return [];
  const ids = missing.ids.filter((one) => one !== id);
  if (ids.length === missing.ids.length) return [missing];
  return ids.length === 0 ? [] : [{ ...missing, ids, count: missing.count - 1 }];
}
