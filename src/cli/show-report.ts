/** How `diagnose` and `doctor` end: the report as text or JSON, and the exit code. */
import { exitCodeOf } from '../diagnosis/exit-code.js';
import { reportAsData } from '../diagnosis/report-json.js';
import { progressLine, reportAsText } from '../diagnosis/report-text.js';
import type { LeftOut, Report, StepReport } from '../diagnosis/report.js';
import type { Io } from './io.js';

/** Where there is no terminal, or one that does not know its width. */
const defaultColumns = 100;

/** @returns the exit code: 0 nothing wrong, 1 a cause found, 3 this machine does not permit to look */
export function showReport(report: Report, json: boolean, io: Io): 0 | 1 | 3 {
  io.out(json ? `${JSON.stringify(reportAsData(report), undefined, 2)}\n` : reportAsText(report, styleOf(io)));
  return exitCodeOf(report);
}

/** Shows each step as it ends, in the place of the one before, where somebody watches. */
export function showStep(step: StepReport | LeftOut, io: Io): void {
  io.progress?.(progressLine(step, styleOf(io)));
}

/** Takes the progress away again. */
export function endProgress(io: Io): void {
  io.progress?.('');
}

function styleOf({ color, columns = 0 }: Io): { color: boolean; columns: number } {
  return { color, columns: columns === 0 ? defaultColumns : columns };
}
