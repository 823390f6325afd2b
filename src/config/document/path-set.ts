import type { ValuePath } from '../problem.js';

/** A set of places in a document. */
export class PathSet {
  readonly #keys = new Set<string>();

  add(path: ValuePath): void {
    this.#keys.add(JSON.stringify(path));
  }

  has(path: ValuePath): boolean {
    return this.#keys.size > 0 && this.#keys.has(JSON.stringify(path));
  }
}
