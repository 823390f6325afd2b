import { readFileSync } from 'node:fs';
import t from 'tap';
import { documentText, sections } from '../../bench/document.js';
import { profileOf } from '../../bench/profile.js';
import type { ComparisonResult, Measurement } from '../../bench/report/measurement.js';
import { detectionVerdicts } from '../../bench/report/detections.js';
import { profileRemarks, remarks } from '../../bench/report/remarks.js';
import { tablesOf } from '../../bench/report/tables.js';
import { comparisons } from '../../bench/peers/comparisons.js';

const comparison = (ours: number, peer: number, perSecond = 1000): ComparisonResult => ({
  name: 'ours ÷ theirs',
  target: 0.5,
  backends: 100,
  loadPerSecond: 1000,
  rounds: [
    { ours: { usPerCheck: ours, perSecond }, peer: { usPerCheck: peer, perSecond: 1000 } },
    { ours: { usPerCheck: 1, perSecond: 1000 }, peer: { usPerCheck: 1, perSecond: 899 } },
  ],
});

const tables = (result: ComparisonResult): string => tablesOf({ kind: 'comparisons', comparisons: [result] });

t.test('docs/benchmarks.md is what is made of the results', async (t) => {
  t.equal(readFileSync('docs/benchmarks.md', 'utf8'), documentText(), 'run npm run bench -- report');
});

t.test('a target is met or missed by the median of the ratios', async (t) => {
  t.match(tables(comparison(4, 10)), /ours ÷ theirs \| +0\.40 \| ≤ 0\.50 \| met/);
  t.match(tables(comparison(6, 10)), /ours ÷ theirs \| +0\.60 \| ≤ 0\.50 \| \*\*missed\*\*/);
});

t.test('a round in which a side made less than nine tenths of its checks does not count, and says so', async (t) => {
  t.match(tables(comparison(4, 10)), '0.40 · does not count: 1,000 and 899 checks/s made');
  t.match(tables(comparison(4, 10, 500)), /ours ÷ theirs \| +– \| ≤ 0\.50 \| no round counts/, 'no verdict without a round that counts');
});

t.test('figures have their targets beside them, at most or at least', async (t) => {
  const findings = [
    { name: 'delay', value: 15, unit: 'ms', target: { atMost: 15 } },
    { name: 'rate', value: 199_000, unit: '1/s', target: { atLeast: 200_000 } },
    { name: 'off the scale', value: null, unit: 'ms', target: { atMost: 15 } },
    { name: 'for information', value: 0.123, unit: 's' },
  ];
  const text = tablesOf({ kind: 'findings', load: 'A load.', findings });
  t.match(text, /delay +\| +15 \| ms +\| +≤ 15 \| met/);
  t.match(text, /rate +\| +199,000 \| 1\/s +\| ≥ 200,000 \| \*\*missed\*\*/);
  t.match(text, /off the scale +\| +beyond measure \| ms +\| +≤ 15 \| \*\*missed\*\*/);
  t.match(text, /for information \| +0\.12 \| s +\| +\| +\|/);
});

t.test('a profile is the own time of functions after the start, idle time left out', async (t) => {
  const node = (id: number, functionName: string, url = '') => ({ id, callFrame: { functionName, url } });
  const profile = {
    nodes: [node(1, '(idle)'), node(2, 'send', 'file:///somewhere/dist/probes/raw/channel.js'), node(3, 'listOnTimeout', 'node:timers')],
    samples: [3, 1, 2, 3, 2],
    timeDeltas: [2_999_999, 400_000, 300_000, 100_000, 200_000],
  };
  const measured = profileOf(JSON.stringify(profile), 100_000);
  t.same(measured, {
    kind: 'profile',
    probesPerSecond: 100_000,
    busyUsPerProbe: 6,
    items: [
      { name: 'send', file: 'src/probes/raw/channel.ts', usPerProbe: 5 },
      { name: 'listOnTimeout', file: 'node:timers', usPerProbe: 1 },
    ],
  } satisfies Measurement);
});

t.test('remarks are about rows that are there', async (t) => {
  const measurements = sections().flatMap(({ result }) => (result === undefined ? [] : [result.measurement]));
  const rows = measurements.flatMap((measurement) => {
    if (measurement.kind === 'comparisons') return [];
    if (measurement.kind === 'detections') return detectionVerdicts(measurement.cases).map(({ name }) => name);
    return measurement.kind === 'profile'
      ? measurement.items.map(({ name, file }) => `${name} ${file}`.trim())
      : measurement.findings.map(({ name }) => name);
  });
  const known = new Set([...rows, ...comparisons.map(({ name }) => name)]);
  for (const name of [...Object.keys(remarks), ...Object.keys(profileRemarks)]) t.ok(known.has(name), name);
});
