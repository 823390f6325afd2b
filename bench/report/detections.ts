/** Tables of detections under a shortage: the targets, then each kind of probe, then HAProxy beside it. */
import { right, targetText, verdictText } from './cells.js';
import { figure, markdownTable } from './markdown.js';
import { isMet, type DetectionCase, type Detections, type Finding } from './measurement.js';

const none = { atMost: 0 };

export function detectionTables(cases: readonly DetectionCase[]): string {
  const targets = targetFindings(cases);
  const summary = markdownTable(
    [{ title: 'what' }, right('measured'), right('target'), { title: 'verdict' }],
    targets.map(({ name, value, target }) => [name, figure(value), targetText(target), verdictText(isMet(value, target))]),
  );
  const compared = cases.filter(({ peer }) => peer !== undefined);
  return [summary, caseTable(cases), ...(compared.length > 0 ? [peerTable(compared)] : [])].join('\n');
}

/** By the name of the row in the first table. */
export function detectionVerdicts(cases: readonly DetectionCase[]): { readonly name: string; readonly met: boolean | undefined }[] {
  return targetFindings(cases).map(({ name, value, target }) => ({ name, met: isMet(value, target) }));
}

function targetFindings(cases: readonly DetectionCase[]): Finding[] {
  return [...new Set(cases.map(({ shortage }) => shortage))].flatMap((shortage) =>
    targetsOf(
      shortage,
      cases.filter((one) => one.shortage === shortage),
    ),
  );
}

function targetsOf(shortage: string, cases: readonly DetectionCase[]): Finding[] {
  const sum = (value: (one: DetectionCase) => number): number => cases.reduce((total, one) => total + value(one), 0);
  const faults = sum((one) => one.faults);
  const healthy = sum((one) => one.healthy);
  const limit = figure(cases[0]!.limitWindows);
  const ratios = (of: 'medianMs' | 'p95Ms'): (number | null)[] =>
    cases.map((one) => ratioOf(one, of)).filter((ratio) => ratio !== undefined);
  const findings: Finding[] = [
    { name: `later than ${limit} × the window, of ${faults} faults`, value: sum(({ ours }) => ours.late), unit: '', target: none },
    {
      name: `healthy backends marked down, of ${healthy}`,
      value: sum(({ ours }) => ours.healthyMarkedDown),
      unit: '',
      target: none,
    },
  ];
  for (const [name, of] of [
    ['median', 'medianMs'],
    ['p95', 'p95Ms'],
  ] as const) {
    if (ratios(of).length === 0) continue;
    const target = ratioTarget(cases[0]!);
    findings.push({
      name: `${name} vitald ÷ HAProxy, the largest of all probes`,
      value: largest(ratios(of)),
      unit: '',
      ...(target !== undefined && { target }),
    });
  }
  return findings.map((finding) => ({ ...finding, name: `${shortage}: ${finding.name}` }));
}

const ratioTarget = ({ ratioAtMost }: DetectionCase): { readonly atMost: number } | undefined =>
  ratioAtMost === undefined ? undefined : { atMost: ratioAtMost };

/** @returns undefined without a target */
function isNearHaproxy(one: DetectionCase): boolean | undefined {
  const target = ratioTarget(one);
  return target && (['medianMs', 'p95Ms'] as const).every((of) => isMet(ratioOf(one, of), target) !== false);
}

/** null is beyond measure, and larger than any number. */
function largest(values: readonly (number | null)[]): number | null {
  return values.includes(null) ? null : Math.max(...values.map((value) => value!));
}

/** @returns undefined if HAProxy did not find them either; null if only vitald did not */
function ratioOf({ ours, peer }: DetectionCase, of: 'medianMs' | 'p95Ms'): number | null | undefined {
  const [oursMs, peerMs] = [ours[of], peer?.[of]];
  if (peerMs === undefined || (peerMs === null && oursMs === null)) return undefined;
  if (oursMs === null) return null;
  return peerMs === null ? 0 : oursMs / peerMs;
}

function caseTable(cases: readonly DetectionCase[]): string {
  return markdownTable(
    [
      { title: 'shortage' },
      { title: 'probe' },
      right('faults'),
      right('window, s'),
      { title: 'found after, in windows: median · p95 · slowest' },
      right('late'),
      right('healthy'),
      right('of these marked down'),
      right('time lost, %'),
      { title: 'verdict' },
    ],
    cases.map(({ shortage, probe, faults, promisedMs, healthy, lostPercent, ours }) => [
      shortage,
      probe,
      figure(faults),
      figure(promisedMs / 1000),
      [ours.medianMs, ours.p95Ms, ours.slowestMs].map((ms) => (ms === null ? 'never' : (ms / promisedMs).toFixed(2))).join(' · '),
      figure(ours.late),
      figure(healthy),
      figure(ours.healthyMarkedDown),
      lostPercent === undefined ? '' : figure(lostPercent),
      verdictText(ours.late === 0 && ours.healthyMarkedDown === 0),
    ]),
  );
}

function peerTable(cases: readonly DetectionCase[]): string {
  const ratio = (one: DetectionCase, of: 'medianMs' | 'p95Ms'): string => {
    const value = ratioOf(one, of);
    return value === undefined ? '–' : value === null ? 'beyond measure' : value.toFixed(2);
  };
  return markdownTable(
    [
      { title: 'shortage' },
      { title: 'probe' },
      { title: 'vitald, s: median · p95 · slowest' },
      { title: 'HAProxy, s: median · p95 · slowest' },
      { title: 'vitald ÷ HAProxy: median · p95' },
      right('HAProxy: late'),
      right('healthy marked down'),
      { title: 'verdict' },
    ],
    cases.map((one) => [
      one.shortage,
      one.probe,
      seconds(one.ours),
      seconds(one.peer!),
      `${ratio(one, 'medianMs')} · ${ratio(one, 'p95Ms')}`,
      figure(one.peer!.late),
      figure(one.peer!.healthyMarkedDown),
      verdictText(isNearHaproxy(one)),
    ]),
  );
}

function seconds({ medianMs, p95Ms, slowestMs }: Detections): string {
  return [medianMs, p95Ms, slowestMs].map((ms) => (ms === null ? 'never' : (ms / 1000).toFixed(2))).join(' · ');
}
