/**
 * A report for people, like a good colleague’s note: the verdict first, then what to do, then the evidence, then what
 * was left out. Colours and symbols on a terminal, plain text elsewhere.
 */
import { formatEndpoint, formatHost } from '../endpoint.js';
import { findingInfo } from './finding-table.js';
import { mapTexts } from './map-texts.js';
import type { FaultAt } from './findings/finding.js';
import type { Certainty, Finding, LeftOut, Remedy, Report, ReportTarget, StepReport } from './report.js';
import { commandLine, harmless, indented, noBreak, paint, type Style } from './text-style.js';

export type { Style } from './text-style.js';

/** The whole note, with a line’s end at its end. */
export function reportAsText(told: Report, style: Style): string {
  const report = mapTexts(told, harmless);
  const [first, ...others] = report.findings;
  const parts = [
    verdict(report, style),
    ...(first === undefined ? [] : [whatToDo(first, report, style), why(first, report, style)]),
    ...(others.length === 0 ? [] : [also(others, style)]),
    steps(report, style),
    leftOut(report, style),
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

const verdicts = {
  healthy: { color: 'green', symbol: '✓', word: 'is healthy' },
  unhealthy: { color: 'red', symbol: '✗', word: 'is unhealthy' },
  unknown: { color: 'yellow', symbol: '?', word: 'could not be judged' },
} as const;

function verdict({ target, verdict, summary }: Report, style: Style): string {
  const { color, symbol, word } = verdicts[verdict];
  const mark = style.color ? `${symbol} ` : '';
  const head = paint(`${mark}${nameOf(target)} ${word}.`, [color, 'bold'], style);
  return `${head}\n${indented(summary, style)}`;
}

/** As it is called in the configuration, and where it is. */
function nameOf({ listener, backend, address, port, type }: ReportTarget): string {
  const at = port === 0 ? formatHost(address) : formatEndpoint(address, port);
  const name = listener === undefined || backend === undefined ? '' : `${listener}/${backend}`;
  return name === '' ? `${at} (${type})` : `${name} (${type}${backend === at ? '' : ` ${at}`})`;
}

function whatToDo({ remedy, certainty }: Finding, { verdict }: Report, style: Style): string {
  const title = verdict === 'healthy' ? 'What to improve' : 'What to do';
  const doubt =
    certainty === 'certain' || verdict === 'healthy' ? '' : `\n${indented('Confirm the cause first (below): it is not certain.', style)}`;
  return `${heading(title, style)}\n${indented(remedy.text, style)}${doubt}${commands(remedy, style)}`;
}

function commands({ linux, windows, yaml }: Remedy, style: Style): string {
  const blocks = [
    ['In the configuration:', yaml === undefined ? [] : yaml.trimEnd().split('\n')],
    ['Linux:', linux],
    ['Windows:', windows],
  ] as const;
  return blocks
    .filter(([, lines]) => lines.length > 0)
    .map(([title, lines]) => `\n\n  ${title}\n${lines.map((line) => commandLine(line, style)).join('\n')}`)
    .join('');
}

const certaintyWords: Readonly<Record<Certainty, string>> = {
  certain: 'certain: nothing else explains what was seen',
  likely: 'likely: the usual cause of what was seen, but not the only one',
  possible: 'possible: cannot be ruled out from here',
};

const faultWords: Readonly<Record<FaultAt, string>> = {
  backend: 'the backend',
  network: 'the network, firewalls included',
  check: 'the configuration of the check',
  checker: 'this checker',
};

function why(finding: Finding, { verdict, target }: Report, style: Style): string {
  const { code, at, certainty } = finding;
  const { title, meaning } = findingInfo(code, target.type);
  const fault = verdict === 'healthy' ? 'Concerned' : 'At fault';
  const about = [
    `${paint(`${title} (${code}).`, ['bold'], style)} ${meaning}`,
    // Where the cause was not found, nobody is at fault.
    ...(code === 'unexplained' ? [] : [`${fault}: ${faultWords[at]}. This is ${certaintyWords[certainty]}.`]),
  ];
  return [heading('Why', style), ...about.map((text) => indented(text, style)), ...evidence(finding, style)].join('\n');
}

function evidence({ evidence }: Finding, style: Style): string[] {
  return evidence.flatMap(({ sent, got, at }) => [
    '',
    indented(`${paint(clock(at), ['dim'], style)}  ${sent}`, style),
    indented(`${style.color ? '→' : '->'} ${got}`, style, clock(at).length + 4, 3),
  ]);
}

/** The time of day in UTC, as in the log. */
function clock(at: number): string {
  return `${new Date(Math.floor(at)).toISOString().slice(11, 23)}Z`;
}

/** Other causes, shortly: each with what it is and what to do. */
function also(findings: readonly Finding[], style: Style): string {
  const items = findings.map(({ code, certainty, summary, remedy }) => {
    const yaml =
      remedy.yaml === undefined
        ? ''
        : `\n${remedy.yaml
            .trimEnd()
            .split('\n')
            .map((line) => commandLine(line, style))
            .join('\n')}`;
    const head = `${style.color ? '•' : '-'} ${paint(certainty, ['yellow'], style)}: ${summary} (${code})`;
    return `${indented(head, style, 2, 2)}\n${indented(remedy.text, style, 4)}${yaml}`;
  });
  return `${heading('Also', style)}\n${items.join('\n')}`;
}

function steps({ steps }: Report, style: Style): string {
  if (steps.length === 0) return '';
  const lines = steps.map(({ name, result, tookMs }) => {
    const took = paint(
      `(${tookMs < 1000 ? `${Math.round(tookMs)}${noBreak}ms` : `${(tookMs / 1000).toFixed(1)}${noBreak}s`})`,
      ['dim'],
      style,
    );
    return indented(`${style.color ? '•' : '-'} ${name}: ${result} ${took}`, style, 2, 2);
  });
  return `${heading('What was tried', style)}\n${lines.join('\n')}`;
}

function leftOut({ leftOut }: Report, style: Style): string {
  if (leftOut.length === 0) return '';
  const lines = leftOut.map(({ name, why }) => indented(`${style.color ? '•' : '-'} ${name}: ${why}`, style, 2, 2));
  return `${heading('What was left out', style)}\n${lines.join('\n')}`;
}

function heading(text: string, style: Style): string {
  return paint(text, ['bold'], style);
}

/** One line of progress: what was tried and what came of it, no wider than the terminal. */
export function progressLine(step: StepReport | LeftOut, { columns }: Style): string {
  const text = harmless(`${step.name}: ${'why' in step ? `left out, ${step.why}` : step.result}`).replaceAll('\n', ' ');
  return text.length < columns ? text : `${text.slice(0, Math.max(0, columns - 2))}…`;
}
