/** The values of a configuration file, and where each stands in it. */
import { isMap, isScalar, isSeq, type LineCounter, type Node, type Pair, type Scalar, type YAMLMap } from 'yaml';
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
  /** By mapping: the first entry of each key. Made for a mapping when a place in it is first asked for. */
  readonly #entries = new WeakMap<Node, ReadonlyMap<string, Pair<Node, Node | null>>>();

  constructor(
    /** Plain values; undefined where the document as a whole could not be converted. */
    readonly root: unknown,
    contents: Node | null,
    origins: ReadonlyMap<object, Node>,
    lines: LineCounter,
    /** Places whose value is left out because a problem was already told of them. */
    readonly broken: PathSet,
    /** Places whose value was taken from environment variables, wholly or in part. */
    private readonly fromEnvironment: PathSet,
  ) {
    this.#contents = contents;
    this.#origins = origins;
    this.#lines = lines;
  }

  /** The value at a path; undefined where there is none. */
  value(path: ValuePath): unknown {
    return path.reduce<unknown>(child, this.root);
  }

  /** Whether the value at a path was taken from environment variables: no message may quote it. */
  isFromEnvironment(path: ValuePath): boolean {
    return this.fromEnvironment.has(path);
  }

  /**
   * Where the value (or its key) stands; where there is none, the nearest thing around it that is there.
   * Costs no more than the depth, and for the first place in a mapping its keys.
   */
  position(path: ValuePath, at: 'key' | 'value' = 'value'): Position {
    let place: Node | null = this.#contents;
    let container = this.root;
    for (const [depth, step] of path.entries()) {
      const origin = typeof container === 'object' && container !== null ? this.#origins.get(container) : undefined;
      const entry = origin === undefined ? undefined : this.#entryAt(origin, step);
      if (entry === undefined) break;
      place = depth === path.length - 1 && at === 'key' ? entry.key : entry.value;
      container = child(container, step);
    }
    const { line, col } = this.#lines.linePos(place?.range?.[0] ?? 0);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  }

  #entryAt(node: Node, step: string | number): { key: Node | null; value: Node | null } | undefined {
    if (isSeq(node) && typeof step === 'number') {
      const item = node.items[step] as Node | null | undefined;
      return item === undefined ? undefined : { key: item, value: item };
    }
    if (!isMap(node)) return undefined;
    let entries = this.#entries.get(node);
    if (entries === undefined) this.#entries.set(node, (entries = entriesOf(node)));
    const pair = entries.get(String(step));
    // A key without a value: point at the key, which is what the reader sees.
    return pair === undefined ? undefined : { key: pair.key, value: hasText(pair.value) ? pair.value : pair.key };
  }
}

function entriesOf(node: YAMLMap): ReadonlyMap<string, Pair<Node, Node | null>> {
  const entries = new Map<string, Pair<Node, Node | null>>();
  for (const pair of node.items as Pair<Node, Node | null>[]) {
    if (!isScalar(pair.key)) continue;
    const key = keyText(pair.key);
    if (!entries.has(key)) entries.set(key, pair);
  }
  return entries;
}

function child(container: unknown, step: string | number): unknown {
  return typeof container === 'object' && container !== null ? (container as Record<string | number, unknown>)[step] : undefined;
}

function hasText(node: Node | null): boolean {
  return node !== null && !(isScalar(node) && node.value === null && node.source === '');
}

/** A key as it is written, without quotes: `80` stays text. */
export function keyText(key: Scalar): string {
  return key.source ?? (typeof key.value === 'string' ? key.value : JSON.stringify(key.value));
}
