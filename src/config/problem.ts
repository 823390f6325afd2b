/** What is wrong with a configuration, and where; for people. Source: interface.md, `vitald check`. */

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

/** `listeners[0].check.headers["X Probe"]`. */
export function formatPath(path: ValuePath): string {
  if (path.length === 0) return '(document)';
  let text = '';
  for (const step of path) {
    if (typeof step === 'number') text += `[${step}]`;
    else if (!/^[\w-]{1,64}$/.test(step)) text += `[${quoted(step)}]`;
    else text += text === '' ? step : `.${step}`;
  }
  return text;
}

const longestShown = 60;

/** A piece of text from the file, fit to be shown: cut, and without control characters. */
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

/** A value from the file, as messages name it. */
export function shown(value: unknown): string {
  if (value === null || value === undefined) return 'nothing';
  if (typeof value === 'string') return quoted(value);
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return Array.isArray(value) ? 'a list' : 'a mapping';
}

/** Problems that are kept; beyond them only their number is told. */
const mostKept = 1000;

/** Collects problems of one file. The same message at the same place is kept once: a default is read by many listeners. */
export class ProblemList {
  readonly #kept = new Map<string, Problem>();
  #left = 0;

  constructor(readonly file: string) {}

  get isEmpty(): boolean {
    return this.#kept.size === 0;
  }

  add(place: { readonly line: number; readonly column: number }, path: string, message: string): void {
    const problem: Problem = { file: this.file, line: place.line, column: place.column, path, message: visible(message) };
    const key = `${problem.line}:${problem.column}:${problem.message}`;
    if (this.#kept.has(key)) return;
    if (this.#kept.size < mostKept) this.#kept.set(key, problem);
    else this.#left++;
  }

  /** In the order of the file. */
  toArray(): Problem[] {
    const sorted = [...this.#kept.values()].sort((a, b) => a.line - b.line || a.column - b.column);
    if (this.#left === 0) return sorted;
    const last = sorted.at(-1)!;
    return [...sorted, { ...last, path: '(document)', message: `${this.#left} more of this kind are not listed; mend these first` }];
  }
}
