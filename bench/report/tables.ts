/** The table of each kind of measurement. */
import { median } from '../support/statistics.js';
import { right, targetText, verdictText } from './cells.js';
import { detectionTables, detectionVerdicts } from './detections.js';
import { figure, markdownTable } from './markdown.js';
import { isMet, ratios, roundCounts, type ComparisonResult, type Curve, type Finding, type Measurement, type Side } from './measurement.js';
import { profileRemarks, remarks } from './remarks.js';

/** The tables of a measurement, and what people say about their rows. */
export function tablesOf(measurement: Measurement): string {
  switch (measurement.kind) {
    case 'comparisons':
      return withRemarks(comparisonTables(measurement.comparisons), measurement.comparisons.map(verdictOfComparison));
    case 'findings': {
      const curve = measurement.curve === undefined ? '' : `\n${curveTable(measurement.curve)}`;
      const tables = `${measurement.load}\n\n${findingTable(measurement.findings)}${curve}`;
      return withRemarks(
        tables,
        measurement.findings.map(({ name, value, target }) => ({ name, met: isMet(value, target) })),
      );
    }
    case 'detections':
      return withRemarks(`${measurement.load}\n\n${detectionTables(measurement.cases)}`, detectionVerdicts(measurement.cases));
    case 'profile':
      return profileTable(measurement);
  }
}

interface Verdict {
  readonly name: string;
  readonly met: boolean | undefined;
}

function verdictOfComparison(comparison: ComparisonResult): Verdict {
  return { name: comparison.name, met: isMet(medianRatio(comparison), targetOf(comparison)) };
}

const targetOf = ({ target }: ComparisonResult): Finding['target'] => (target === undefined ? undefined : { atMost: target });

function medianRatio(comparison: ComparisonResult): number | undefined {
  const counted = ratios(comparison);
  return counted.length === 0 ? undefined : median(counted);
}

function comparisonTables(comparisons: readonly ComparisonResult[]): string {
  const summary = markdownTable(
    [{ title: 'what' }, right('median ratio'), right('target'), { title: 'verdict' }],
    comparisons.map((comparison) => {
      const ratio = medianRatio(comparison);
      return [
        comparison.name,
        ratio === undefined ? '–' : ratio.toFixed(2),
        targetText(targetOf(comparison)),
        ratio === undefined ? 'no round counts' : verdictText(verdictOfComparison(comparison).met),
      ];
    }),
  );
  const detail = markdownTable(
    [
      { title: 'what' },
      right('backends'),
      right('checks/s asked'),
      { title: 'side' },
      { title: 'µs per check: min · median · max' },
      right('checks/s made'),
    ],
    comparisons.flatMap((comparison) => {
      const { name, backends, loadPerSecond, rounds } = comparison;
      return [
        sideRow(
          [name, figure(backends), figure(loadPerSecond), 'vitald'],
          rounds.map(({ ours }) => ours),
        ),
        sideRow(
          ['', '', '', 'peer'],
          rounds.map(({ peer }) => peer),
        ),
      ];
    }),
  );
  const byRound = markdownTable(
    [{ title: 'what' }, { title: 'ratio of each round' }],
    comparisons.map((comparison) => [comparison.name, comparison.rounds.map((round) => ratioText(comparison, round)).join(' · ')]),
  );
  return `${summary}\n${detail}\n${byRound}`;
}

function sideRow(head: readonly string[], sides: readonly Side[]): string[] {
  const us = sides.map(({ usPerCheck }) => usPerCheck);
  const spread = [Math.min(...us), median(us), Math.max(...us)].map((value) => value.toFixed(1)).join(' · ');
  return [...head, spread, figure(median(sides.map(({ perSecond }) => perSecond)))];
}

function ratioText(comparison: ComparisonResult, round: ComparisonResult['rounds'][number]): string {
  const { ours, peer } = round;
  if (roundCounts(comparison, round)) return (ours.usPerCheck / peer.usPerCheck).toFixed(2);
  return `does not count: ${figure(ours.perSecond)} and ${figure(peer.perSecond)} checks/s made`;
}

function findingTable(findings: readonly Finding[]): string {
  return markdownTable(
    [{ title: 'what' }, right('measured'), { title: 'unit' }, right('target'), { title: 'verdict' }],
    findings.map(({ name, value, unit, target }) => [name, figure(value), unit, targetText(target), verdictText(isMet(value, target))]),
  );
}

function curveTable({ columns, rows }: Curve): string {
  return markdownTable(
    columns.map(right),
    rows.map((row) => row.map(figure)),
  );
}

function profileTable({ probesPerSecond, busyUsPerProbe, items }: Extract<Measurement, { kind: 'profile' }>): string {
  const head = `${figure(probesPerSecond)} probes a second; ${figure(busyUsPerProbe)} µs of the engine's thread for each, of which:\n\n`;
  const table = markdownTable(
    [{ title: 'function' }, { title: 'file' }, right('µs per probe')],
    items.map(({ name, file, usPerProbe }) => [`\`${name}\``, file === '' ? '' : `\`${file}\``, figure(usPerProbe)]),
  );
  const done = items.flatMap(({ name, file }) => {
    const text = profileRemarks[`${name} ${file}`.trim()];
    return text === undefined ? [] : [`- \`${name}\`: ${text}`];
  });
  return done.length === 0 ? `${head}${table}` : `${head}${table}\n${done.join('\n')}\n`;
}

function withRemarks(tables: string, verdicts: readonly Verdict[]): string {
  const said = verdicts.flatMap(({ name, met }) => {
    const remark = remarks[name];
    return remark !== undefined && (remark.show === 'always' || met === false) ? [`- *${name}*: ${remark.text}`] : [];
  });
  return said.length === 0 ? tables : `${tables}\n${said.join('\n')}\n`;
}
