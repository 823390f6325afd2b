/** `vitald diagnose`: why is a backend unhealthy? From the checker’s side. See docs/troubleshooting.md. */
import { parseDuration } from '../config/duration.js';
import { loadConfig, type LoadInput } from '../config/load.js';
import { renderProblem } from '../config/problem.js';
import { diagnose } from '../diagnosis/diagnose/diagnose.js';
import { subjectOf, subjectOfUrl, type Subject } from '../diagnosis/diagnose/subject.js';
import { redacted } from '../diagnosis/redact.js';
import { CodedError } from '../errors.js';
import { checkFlagNames, unusedFlag, type CheckFlags } from '../probes/check-flags.js';
import { printable } from '../probes/printable.js';
import type { Io } from './io.js';
import { endProgress, showReport, showStep } from './show-report.js';

export interface DiagnoseFlags extends CheckFlags {
  readonly config?: string;
  readonly json: boolean;
  /** These belong to a URL; a backend of the configuration has its own. */
  readonly timeout?: string;
  readonly source?: string;
  readonly interface?: string;
}

const urlOptions = ['timeout', 'source', 'interface', ...checkFlagNames] as const;
const defaultTimeoutMs = 2000;

/**
 * @param words LISTENER and BACKEND, or a URL
 * @param load reads the configuration; asked only for LISTENER and BACKEND
 * @returns the exit code: 0 nothing wrong, 1 a cause found, 3 not permitted
 * @throws CodedError usage, config_invalid
 */
export async function diagnoseCommand(
  words: readonly string[],
  flags: DiagnoseFlags,
  load: () => Promise<LoadInput>,
  io: Io,
): Promise<0 | 1 | 3> {
  const subject = await subjectOfWords(words, flags, load);
  const report = await diagnose(subject, { onStep: (step) => showStep(redacted(step, subject.check.options), io) });
  endProgress(io);
  return showReport(redacted(report, subject.check.options), flags.json, io);
}

async function subjectOfWords(
  [first = '', second]: readonly string[],
  flags: DiagnoseFlags,
  load: () => Promise<LoadInput>,
): Promise<Subject> {
  if (first.includes('://')) {
    if (second !== undefined || flags.config !== undefined) {
      throw new CodedError('usage', `${printable(first, 200)} is a URL; it takes neither a backend beside it nor a configuration`);
    }
    const subject = await subjectOfUrl(first, urlOptionsOf(flags));
    const unused = unusedFlag(flags, [subject.check.type]);
    if (unused !== undefined) throw new CodedError('usage', unused);
    return subject;
  }
  const misplaced = urlOptions.find((name) => flags[name] !== undefined);
  if (misplaced !== undefined) {
    throw new CodedError(
      'usage',
      `--${misplaced.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)} goes with a URL only; a backend of the configuration is checked as the configuration says`,
    );
  }
  if (second === undefined) {
    const hint = 'write vitald diagnose LISTENER BACKEND -c FILE, or vitald diagnose http://10.0.0.1:8080/health';
    throw new CodedError('usage', `which backend of ${printable(first, 100)}? ${hint}`);
  }
  return subjectOf(planOf(await load()), first, second);
}

function urlOptionsOf({ timeout, source, interface: device, ...flags }: DiagnoseFlags): Parameters<typeof subjectOfUrl>[1] {
  const timeoutMs = timeout === undefined ? defaultTimeoutMs : parseDuration(timeout);
  if (timeoutMs === undefined || timeoutMs < 1) {
    throw new CodedError('usage', `--timeout ${printable(timeout ?? '')} is not a duration such as 500ms, 2s or 1m`);
  }
  return {
    timeoutMs,
    ...(source !== undefined && { source }),
    ...(device !== undefined && { interface: device }),
    ...flags,
  };
}

function planOf(input: LoadInput): NonNullable<ReturnType<typeof loadConfig>['plan']> {
  const { plan, problems } = loadConfig(input);
  if (plan === undefined) throw new CodedError('config_invalid', problems.map(renderProblem).join('\n'));
  return plan;
}
