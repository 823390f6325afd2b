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
import type { ProblemList, ValuePath } from '../problem.js';
import { isHarmlessKey, quotedIfHarmless } from '../quoting.js';
import { hasReference, substitute, type Environment } from './environment.js';
import type { HiddenTexts } from './hidden-texts.js';
import { PathSet } from './path-set.js';
import { keyText, SourceDocument } from './source-document.js';
import { deepestNesting } from './yaml.js';

/** Values that aliases may add to a document; more is a bomb, or a mistake. */
const mostAliasedValues = 10_000;

/** Names of variables, labels and headers are shorter. Paths are made of keys, and must not grow with the file. */
const longestKey = 1024;

/** Stands for a value that could not be made; a problem says why. */
const broken = Symbol('broken');

export interface ConvertInput {
  readonly document: Document.Parsed;
  readonly lines: LineCounter;
  readonly env: Environment;
  readonly problems: ProblemList;
  /** Gets what is taken from the environment. */
  readonly hidden: HiddenTexts;
  /** Whether the value at a path is a secret, which no message quotes. */
  isSecret(path: ValuePath): boolean;
}

/** @returns the document's values; what could not be converted is left out and is in `broken` of the result */
export function convertDocument(input: ConvertInput): SourceDocument {
  return new Converter(input).run();
}

class Converter {
  readonly #input: ConvertInput;
  readonly #lines: LineCounter;
  readonly #origins = new Map<object, Node>();
  readonly #anchors = new Map<string, Node>();
  readonly #broken = new PathSet();
  readonly #fromEnvironment = new PathSet();
  readonly #path: (string | number)[] = [];
  /** Anchored nodes that are being converted: an alias to one of them would never end. */
  readonly #open = new Set<Node>();
  #aliasedValues = 0;
  #aliasDepth = 0;

  constructor(input: ConvertInput) {
    this.#input = input;
    this.#lines = input.lines;
  }

  run(): SourceDocument {
    const contents = this.#input.document.contents as Node | null;
    const value = this.#value(contents);
    const root = this.#aliasedValues > mostAliasedValues ? broken : value;
    const result = root === broken ? undefined : root;
    return new SourceDocument(result, contents, this.#origins, this.#lines, this.#broken, this.#fromEnvironment);
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
    const seen = new Map<string, Scalar>();
    this.#origins.set(map, node);
    for (const pair of node.items) {
      const keyNode = pair.key as Node;
      if (!isScalar(keyNode) || keyNode.value === null) {
        this.#problem(keyNode, 'a key must be plain text');
        continue;
      }
      const key = keyText(keyNode);
      if (key.length > longestKey) {
        this.#problem(keyNode, `a key has at most ${longestKey} characters`);
        continue;
      }
      this.#path.push(key);
      const first = seen.get(key);
      if (first !== undefined) this.#duplicate(keyNode, key, first);
      else {
        seen.set(key, keyNode);
        const value = this.#value(pair.value as Node | null);
        if (value !== broken) map[key] = value;
      }
      this.#path.pop();
    }
    return map;
  }

  #duplicate(node: Node, key: string, first: Scalar): void {
    const { line } = this.#lines.linePos(first.range![0]);
    this.#problem(node, `duplicate key${isHarmlessKey(key) ? ` "${key}"` : ''}; first defined on line ${line}`);
  }

  #alias(node: Alias): unknown {
    const target = this.#anchors.get(node.source);
    // The name is not quoted: a secret may begin with "*".
    if (target === undefined) return this.#break(node, 'this alias has no anchor before it; a text that begins with "*" needs quotes');
    if (this.#open.has(target)) return this.#break(node, 'this alias stands inside the value that it names');
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
    const { text, problems, taken } = substitute(template, this.#input.env);
    for (const value of taken) this.#input.hidden.add(value);
    if (taken.length > 0) this.#fromEnvironment.add(this.#path);
    if (problems.length > 0) {
      for (const message of problems) this.#problem(node, message);
      return this.#break(node);
    }
    // An unquoted value is typed as YAML would have typed it: `port: ${PORT}` is a number.
    return node.type === Scalar.PLAIN && node.tag === undefined ? this.#literal(node, this.#typed(text), text) : text;
  }

  /** What a plain scalar of this text means. */
  #typed(text: string): unknown {
    const { schema, options } = this.#input.document;
    const tag = schema.tags.find((t): t is ScalarTag => t.default === true && t.collection === undefined && t.test?.test(text) === true);
    const value: unknown = tag === undefined ? text : tag.resolve(text, () => undefined, options);
    return isScalar(value) ? value.value : value;
  }

  #literal(node: Node, value: unknown, source: string | undefined): unknown {
    if (typeof value === 'number' && source !== undefined && /^[-+]?0[0-9]/.test(source)) {
      return this.#break(node, this.#leadingZeros(source, value));
    }
    const isPlain = value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
    return isPlain ? value : this.#break(node, 'this kind of YAML value is not used in a configuration');
  }

  #leadingZeros(source: string, value: number): string {
    const isHidden = this.#fromEnvironment.has(this.#path) || this.#input.isSecret(this.#path);
    const shown = isHidden ? undefined : quotedIfHarmless(source, '');
    if (shown === undefined || shown === '')
      return 'a number with leading zeros, which some read as octal; write it without them, or in quotes';
    return `${shown} has leading zeros, which some read as octal; write ${value}`;
  }

  #break(node: Node, message?: string): typeof broken {
    if (message !== undefined) this.#problem(node, message);
    this.#broken.add(this.#path);
    return broken;
  }

  #problem(node: Node, message: string): void {
    const { line, col } = this.#lines.linePos(node.range?.[0] ?? 0);
    this.#input.problems.add({ line, column: col }, this.#path, message);
  }
}
