/** The syntax tree to plain values: aliases expanded within bounds, environment put in, positions kept. */
import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  Scalar,
  type Alias,
  type Document,
  type LineCounter,
  type Node,
  type ScalarTag,
  type YAMLMap,
} from 'yaml';
import { formatPath, quoted, type ProblemList } from '../problem.js';
import { hasReference, substitute, type Environment } from './environment.js';
import { PathSet } from './path-set.js';
import { keyText, SourceDocument } from './source-document.js';
import { deepestNesting } from './yaml.js';

/** Values that aliases may add to a document; more is a bomb, or a mistake. */
const mostAliasedValues = 10_000;

/** Stands for a value that could not be made; a problem says why. */
const broken = Symbol('broken');

/** @returns the document's values; what could not be converted is left out and is in `broken` of the result */
export function convertDocument(document: Document.Parsed, lines: LineCounter, env: Environment, problems: ProblemList): SourceDocument {
  return new Converter(document, lines, env, problems).run();
}

class Converter {
  readonly #document: Document.Parsed;
  readonly #lines: LineCounter;
  readonly #env: Environment;
  readonly #problems: ProblemList;
  readonly #origins = new Map<object, Node>();
  readonly #anchors = new Map<string, Node>();
  readonly #broken = new PathSet();
  readonly #path: (string | number)[] = [];
  /** Anchored nodes that are being converted: an alias to one of them would never end. */
  readonly #open = new Set<Node>();
  #aliasedValues = 0;
  #aliasDepth = 0;

  constructor(document: Document.Parsed, lines: LineCounter, env: Environment, problems: ProblemList) {
    this.#document = document;
    this.#lines = lines;
    this.#env = env;
    this.#problems = problems;
  }

  run(): SourceDocument {
    const contents = this.#document.contents as Node | null;
    const value = this.#value(contents);
    const root = this.#aliasedValues > mostAliasedValues ? broken : value;
    return new SourceDocument(root === broken ? undefined : root, contents, this.#origins, this.#lines, this.#broken);
  }

  #value(node: Node | null): unknown {
    if (node === null) return null;
    if (this.#aliasDepth > 0 && ++this.#aliasedValues > mostAliasedValues) return this.#bomb(node);
    if (this.#path.length > deepestNesting) return this.#break(node, `nested deeper than ${deepestNesting} levels`);
    if (isAlias(node)) return this.#alias(node);
    if ('anchor' in node && node.anchor !== undefined) this.#anchors.set(node.anchor, node);
    if (isScalar(node)) return this.#scalar(node);
    if (isMap(node)) return this.#map(node);
    if (!isSeq(node)) return this.#break(node, 'this kind of YAML value is not used in a configuration');
    const list: unknown[] = [];
    this.#origins.set(list, node);
    node.items.forEach((item, index) => {
      const value = this.#at(index, item as Node | null);
      list.push(value === broken ? undefined : value);
    });
    return list;
  }

  #at(step: string | number, node: Node | null): unknown {
    this.#path.push(step);
    const value = this.#value(node);
    this.#path.pop();
    return value;
  }

  #map(node: YAMLMap): unknown {
    // Without a prototype, so that a key `__proto__` is a key like any other.
    const map = Object.create(null) as Record<string, unknown>;
    const seen = new Set<string>();
    this.#origins.set(map, node);
    for (const pair of node.items) {
      const keyNode = pair.key as Node;
      if (!isScalar(keyNode) || keyNode.value === null) {
        this.#problem(keyNode, 'a key must be plain text');
        continue;
      }
      const key = keyText(keyNode);
      this.#path.push(key);
      if (seen.has(key)) {
        this.#problem(keyNode, `the key ${quoted(key)} stands here a second time; the first is in line ${this.#firstLine(node, key)}`);
      } else {
        seen.add(key);
        const value = this.#value(pair.value as Node | null);
        if (value !== broken) map[key] = value;
      }
      this.#path.pop();
    }
    return map;
  }

  #firstLine(node: YAMLMap, key: string): number {
    const first = node.items.find((pair) => isScalar(pair.key) && keyText(pair.key) === key);
    return this.#lines.linePos((first!.key as Scalar).range![0]).line;
  }

  #alias(node: Alias): unknown {
    const target = this.#anchors.get(node.source);
    if (target === undefined) return this.#break(node, `the alias *${quoted(node.source).slice(1, -1)} has no anchor before it`);
    if (this.#open.has(target)) return this.#break(node, `the alias *${node.source} stands inside the value that it names`);
    this.#aliasDepth++;
    this.#open.add(target);
    const value = this.#value(target);
    this.#open.delete(target);
    this.#aliasDepth--;
    return value;
  }

  /** Told once: the document is given up. */
  #bomb(node: Node): typeof broken {
    if (this.#aliasedValues === mostAliasedValues + 1) {
      this.#problem(node, `aliases expand to more than ${mostAliasedValues} values; write the values out`);
    }
    return broken;
  }

  #scalar(node: Scalar): unknown {
    const { value, source } = node;
    if (typeof value === 'string' && hasReference(value)) return this.#substituted(node, value);
    return this.#literal(node, value, source);
  }

  #substituted(node: Scalar, template: string): unknown {
    const { text, problems } = substitute(template, this.#env);
    if (problems.length > 0) {
      for (const message of problems) this.#problem(node, message);
      return this.#break(node);
    }
    // An unquoted value is typed as YAML would have typed it: `port: ${PORT}` is a number.
    return node.type === Scalar.PLAIN && node.tag === undefined ? this.#literal(node, this.#typed(text), text) : text;
  }

  /** What a plain scalar of this text means. */
  #typed(text: string): unknown {
    const { schema, options } = this.#document;
    const tag = schema.tags.find((t): t is ScalarTag => t.default === true && t.collection === undefined && t.test?.test(text) === true);
    const value: unknown = tag === undefined ? text : tag.resolve(text, () => undefined, options);
    return isScalar(value) ? value.value : value;
  }

  #literal(node: Node, value: unknown, source: string | undefined): unknown {
    if (typeof value === 'number' && source !== undefined && /^[-+]?0[0-9]/.test(source)) {
      return this.#break(node, `${quoted(source)} has leading zeros, which some read as octal; write ${value}`);
    }
    const isPlain = value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
    return isPlain ? value : this.#break(node, 'this kind of YAML value is not used in a configuration');
  }

  #break(node: Node, message?: string): typeof broken {
    if (message !== undefined) this.#problem(node, message);
    this.#broken.add(this.#path);
    return broken;
  }

  #problem(node: Node, message: string): void {
    const { line, col } = this.#lines.linePos(node.range?.[0] ?? 0);
    this.#problems.add({ line, column: col }, formatPath(this.#path), message);
  }
}
