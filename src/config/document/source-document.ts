/** The values of a configuration file, and where each stands in it. */
import { isMap, isScalar, isSeq, type LineCounter, type Node, type Pair, type Scalar } from 'yaml';
import type { ValuePath } from '../problem.js';
import type { PathSet } from './path-set.js';

export interface Position {
  readonly line: number;
  readonly column: number;
}

export class SourceDocument {
  readonly #contents: Node | null;
  readonly #origins: ReadonlyMap<object, Node>;
  readonly #lines: LineCounter;

  constructor(
    /** Plain values; undefined where the document as a whole could not be converted. */
    readonly root: unknown,
    contents: Node | null,
    origins: ReadonlyMap<object, Node>,
    lines: LineCounter,
    /** Places whose value is left out because a problem was already told of them. */
    readonly broken: PathSet,
  ) {
    this.#contents = contents;
    this.#origins = origins;
    this.#lines = lines;
  }

  /** The value at a path; undefined where there is none. */
  value(path: ValuePath): unknown {
    return path.reduce<unknown>(child, this.root);
  }

  /**
   * Where the value (or its key) stands; where there is none, the nearest thing around it that is there.
   * Costs no more than the depth and the keys of the mappings passed.
   */
  position(path: ValuePath, at: 'key' | 'value' = 'value'): Position {
    let place: Node | null = this.#contents;
    let container = this.root;
    for (const [depth, step] of path.entries()) {
      const origin = typeof container === 'object' && container !== null ? this.#origins.get(container) : undefined;
      const entry = origin === undefined ? undefined : entryAt(origin, step);
      if (entry === undefined) break;
      place = depth === path.length - 1 && at === 'key' ? entry.key : entry.value;
      container = child(container, step);
    }
    const { line, col } = this.#lines.linePos(place?.range?.[0] ?? 0);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  }
}

function child(container: unknown, step: string | number): unknown {
  return typeof container === 'object' && container !== null ? (container as Record<string | number, unknown>)[step] : undefined;
}

function entryAt(node: Node, step: string | number): { key: Node | null; value: Node | null } | undefined {
  if (isSeq(node) && typeof step === 'number') {
    const item = node.items[step] as Node | null | undefined;
    return item === undefined ? undefined : { key: item, value: item };
  }
  if (!isMap(node)) return undefined;
  const pair = node.items.find((p) => isScalar(p.key) && keyText(p.key) === step) as Pair<Node, Node | null> | undefined;
  // A key without a value: point at the key, which is what the reader sees.
  return pair === undefined ? undefined : { key: pair.key, value: hasText(pair.value) ? pair.value : pair.key };
}

function hasText(node: Node | null): boolean {
  return node !== null && !(isScalar(node) && node.value === null && node.source === '');
}

/** A key as it is written, without quotes: `80` stays text. */
export function keyText(key: Scalar): string {
  return key.source ?? (typeof key.value === 'string' ? key.value : JSON.stringify(key.value));
}
