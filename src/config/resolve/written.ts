/** Where a value of a listener's check was written: in the listener, under `defaults`, or nowhere (the profile has it). */
import type { ValuePath } from '../problem.js';
import type { ResolveContext } from './context.js';
import type { RawCheck } from './raw.js';

export interface Written<T> {
  /** Undefined where nobody wrote it, or what was written is broken. */
  readonly value: T | undefined;
  /** Where a problem with the value is told: at the value, or else at the listener. */
  readonly path: ValuePath;
  /** A problem was already told of it: draw no conclusions from the value being absent. */
  readonly isBroken: boolean;
}

const defaultsPath: ValuePath = ['defaults', 'check'];

export class WrittenCheck {
  readonly #context: ResolveContext;
  readonly #listener: ValuePath;
  readonly #own: RawCheck;
  readonly #shared: RawCheck;

  constructor(context: ResolveContext, listener: ValuePath, own: RawCheck | undefined) {
    this.#context = context;
    this.#listener = listener;
    this.#own = own ?? {};
    this.#shared = context.raw.defaults?.check ?? {};
  }

  get own(): RawCheck {
    return this.#own;
  }

  get shared(): RawCheck {
    return this.#shared;
  }

  /** The path of the listener's own `check`. */
  get ownPath(): ValuePath {
    return [...this.#listener, 'check'];
  }

  get<Key extends keyof RawCheck & string>(key: Key): Written<NonNullable<RawCheck[Key]>> {
    const path = this.pathOf([key]);
    const isBroken = this.#context.isBroken(path);
    const value = (this.#own[key] ?? this.#shared[key]) as NonNullable<RawCheck[Key]> | undefined;
    return { value: isBroken ? undefined : value, path, isBroken };
  }

  /** Where the value at this path below `check` was written; the listener where it was not. */
  pathOf(below: ValuePath): ValuePath {
    if (this.#has(this.ownPath, below)) return [...this.ownPath, ...below];
    return this.#has(defaultsPath, below) ? [...defaultsPath, ...below] : this.#listener;
  }

  #has(base: ValuePath, below: ValuePath): boolean {
    const path = [...base, ...below];
    return this.#context.source.value(path) !== undefined || this.#context.isBroken(path);
  }
}
