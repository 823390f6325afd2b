/** What is wrong with a configuration, and where; for people. Source: docs/configuration.md, "Mistakes". */
import type { HiddenTexts } from './document/hidden-texts.js';
import { isHarmless, isHarmlessKey } from './quoting.js';

/** From the root of the file: keys of mappings, places in lists. */
export type ValuePath = readonly (string | number)[];

export interface Problem {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1, in UTF-16 units, as editors count. */
  readonly column: number;
  /** For example `listeners[0].check.interval`; `(file)` or `(document)` where no value is meant. */
  readonly path: string;
  /** What was found, what is allowed. */
  readonly message: string;
}

/** `FILE:LINE:COL: PATH: message`, which editors and terminals make a link of. */
export function renderProblem(problem: Problem): string {
  return `${problem.file}:${problem.line}:${problem.column}: ${problem.path}: ${problem.message}`;
}

/** `listeners[0].check.headers.X-Probe`; `[…]` stands for a key that may be a secret in the wrong place. */
export function formatPath(path: ValuePath): string {
  if (path.length === 0) return '(document)';
  let text = '';
  for (const step of path) {
    if (typeof step === 'number') text += `[${step}]`;
    else if (!isHarmlessKey(step)) text += '[…]';
    else if (!/^[\w-]+$/.test(step)) text += `["${step}"]`;
    else text += text === '' ? step : `.${step}`;
  }
  return text;
}

const longestShown = 60;

/** A piece of text from elsewhere, fit to be shown: cut, and without control characters. Not for what may be a secret. */
export function quoted(text: string): string {
  const cut = text.length > longestShown ? `${text.slice(0, longestShown)}…` : text;
  return visible(JSON.stringify(cut));
}

/** Control characters and those that turn or hide text, as escapes: what comes from a file must not steer a terminal. */
function visible(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g, escaped);
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** Longer numbers may be secrets. */
const longestNumberShown = 9;

/** A value from the file, as messages name it: quoted if it cannot be a secret. */
export function shown(value: unknown): string {
  if (value === null || value === undefined) return 'nothing';
  if (typeof value === 'string') return isHarmless(value) ? `"${value}"` : 'a text';
  if (typeof value === 'number') return String(value).length > longestNumberShown ? 'a number' : String(value);
  if (typeof value === 'boolean') return String(value);
  return Array.isArray(value) ? 'a list' : 'a mapping';
}

/** Problems that are kept; beyond them only their number is reported. */
const mostKept = 1000;

/** Collects problems of one file. The same message at the same place is kept once: a default is read by many listeners. */
export class ProblemList {
  readonly #hidden: HiddenTexts | undefined;
  readonly #kept = new Map<string, Problem>();
  #unlisted = 0;

  /** @param hidden texts that no message may contain */
  constructor(
    readonly file: string,
    hidden?: HiddenTexts,
  ) {
    this.#hidden = hidden;
  }

  get isEmpty(): boolean {
    return this.#kept.size === 0;
  }

  /** How many there are, those that are not listed included. */
  get count(): number {
    return this.#kept.size + this.#unlisted;
  }

  /** Whether as many problems are kept as will be. Further ones need no text. */
  get isFull(): boolean {
    return this.#kept.size >= mostKept;
  }

  /** @param path of the value; or a word in parentheses if no value is meant */
  add(place: { readonly line: number; readonly column: number }, path: ValuePath | `(${string})`, message: string): void {
    const key = `${place.line}:${place.column}:${message}`;
    if (this.#kept.has(key)) return;
    if (this.isFull) {
      this.addUnlisted();
      return;
    }
    const text = visible(this.#hidden?.hide(message) ?? message);
    const shownPath = typeof path === 'string' ? path : formatPath(path);
    this.#kept.set(key, { file: this.file, line: place.line, column: place.column, path: shownPath, message: text });
  }

  /** Counts problems that are not listed. */
  addUnlisted(count = 1): void {
    this.#unlisted += count;
  }

  /** In the order of the file. */
  toArray(): Problem[] {
    const sorted = [...this.#kept.values()].sort((a, b) => a.line - b.line || a.column - b.column);
    if (this.#unlisted === 0) return sorted;
    const last = sorted.at(-1)!;
    return [...sorted, { ...last, path: '(document)', message: `and ${this.#unlisted} more of this kind are not listed; fix these first` }];
  }
}
