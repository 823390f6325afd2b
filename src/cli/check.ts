/** `vitald check`: is the configuration valid, and what does it mean? See docs/configuration.md. */
import { explainAsData, explainAsText } from '../config/explain.js';
import { loadConfig, type LoadInput, type LoadResult } from '../config/load.js';
import { renderProblem, type Problem } from '../config/problem.js';
import type { Io } from './io.js';
import { stateDirWarning } from './state-dir-warning.js';

export interface CheckOptions {
  /** Show the effective values. */
  readonly print: boolean;
  readonly json: boolean;
  /** Treat every warning as a problem. */
  readonly strict: boolean;
}

/** @returns the exit code: 0 valid, 1 not */
export function checkCommand(input: LoadInput, options: CheckOptions, io: Io): 0 | 1 {
  const loaded = withStateDir(input, loadConfig(input));
  const result = options.strict && loaded.warnings.length > 0 ? withoutWarnings(loaded) : loaded;
  if (options.json) io.out(JSON.stringify(asData(input, result, options.print), undefined, 2) + '\n');
  else asText(input, result, options.print, io);
  return result.plan === undefined ? 1 : 0;
}

function withStateDir({ file }: LoadInput, loaded: LoadResult): LoadResult {
  const message = stateDirWarning(loaded.plan?.server.stateDir);
  if (message === undefined) return loaded;
  return { ...loaded, warnings: [...loaded.warnings, { file, line: 1, column: 1, path: 'server.state_dir', message }] };
}

function withoutWarnings({ problems, problemCount, warnings, hide }: LoadResult): LoadResult {
  const all = [...problems, ...warnings].sort((a, b) => a.line - b.line || a.column - b.column);
  return { problems: all, problemCount: problemCount + warnings.length, warnings: [], hide };
}

function asData({ outputKinds = [] }: LoadInput, { plan, problems, warnings, hide }: LoadResult, print: boolean): Record<string, unknown> {
  const effective = print && plan !== undefined && { effective: explainAsData(plan, outputKinds, { hide }) };
  return { valid: plan !== undefined, problems, warnings, ...effective };
}

function asText(
  { file, kinds, outputKinds = [] }: LoadInput,
  { plan, problems, problemCount, warnings, hide }: LoadResult,
  print: boolean,
  io: Io,
): void {
  for (const problem of problems) io.err(`${paint(renderProblem(problem), 'red', problem, io)}\n`);
  for (const warning of warnings) io.err(`${paint(renderProblem(warning), 'yellow', warning, io)} (warning)\n`);
  if (plan === undefined) {
    io.err(`${file} is not valid: ${count(problemCount, 'problem')}\n`);
    return;
  }
  if (print) {
    io.out(explainAsText(plan, outputKinds, { kinds, hide }));
    return;
  }
  const backends = plan.listeners.reduce((sum, listener) => sum + listener.backends.length, 0);
  const noted = warnings.length === 0 ? '' : `, ${count(warnings.length, 'warning')}`;
  io.out(`${file} is valid: ${count(plan.listeners.length, 'listener')}, ${count(backends, 'backend')}${noted}\n`);
}

const colors = { red: '\u001b[31m', yellow: '\u001b[33m' } as const;

/** The message in colour; the place stays plain, so that terminals find it. */
function paint(line: string, color: keyof typeof colors, problem: Problem, io: Io): string {
  return io.color ? `${line.slice(0, -problem.message.length)}${colors[color]}${problem.message}\u001b[0m` : line;
}

function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? '' : 's'}`;
}
