import t from 'tap';
import { detectionVerdicts } from '../../bench/report/detections.js';
import type { DetectionCase, Detections } from '../../bench/report/measurement.js';
import { tablesOf } from '../../bench/report/tables.js';
import { VerdictBoard } from '../../bench/shortage/verdict-board.js';

const found = (medianMs: number | null, p95Ms = medianMs, others: Partial<Detections> = {}): Detections => {
  return { medianMs, p95Ms, slowestMs: p95Ms, late: 0, healthyMarkedDown: 0, ...others };
};

const detectionCase = (ours: Detections, peer?: Detections): DetectionCase => ({
  probe: 'http, IPv4',
  shortage: 'busy',
  promisedMs: 2500,
  limitWindows: 1.5,
  ratioAtMost: 1.2,
  faults: 200,
  healthy: 100,
  ours,
  ...(peer !== undefined && { peer }),
});

const tables = (...cases: DetectionCase[]): string => tablesOf({ kind: 'detections', load: 'A load.', cases });

t.test('a fault that is found late misses the target, and so does a healthy backend that is marked down', async (t) => {
  t.match(tables(detectionCase(found(2000))), /busy: later than 1\.50 × the window, of 200 faults \| +0 \| +≤ 0 \| met/);
  const late = tables(detectionCase(found(2000, 3000, { late: 3 })));
  t.match(late, /busy: later than 1\.50 × the window, of 200 faults \| +3 \| +≤ 0 \| \*\*missed\*\*/);
  t.match(late, /\| busy +\| http, IPv4 \| +200 \| +2\.50 \| 0\.80 · 1\.20 · 1\.20 +\| +3 \| .* \*\*missed\*\* \|/);
  const down = tables(detectionCase(found(2000, 2000, { healthyMarkedDown: 1 })));
  t.match(down, /busy: healthy backends marked down, of 100 +\| +1 \| +≤ 0 \| \*\*missed\*\*/);
});

t.test('the largest ratio to HAProxy of all probes is held against the target', async (t) => {
  const near = detectionCase(found(2000, 3600), found(2000, 3000));
  const behind = detectionCase(found(2500, 3000), found(2000, 3000));
  t.match(tables(near), /busy: median vitald ÷ HAProxy, the largest of all probes \| +1 \| +≤ 1\.20 \| met/);
  t.match(tables(near, behind), /busy: median vitald ÷ HAProxy, the largest of all probes \| +1\.25 \| +≤ 1\.20 \| \*\*missed\*\*/);
  t.match(tables(near, behind), /busy: p95 vitald ÷ HAProxy, the largest of all probes +\| +1\.20 \| +≤ 1\.20 \| met/);
});

t.test('faults that only vitald never finds are beyond measure, however the other probes did', async (t) => {
  const never = tables(detectionCase(found(2000), found(2000)), detectionCase(found(null), found(2000)));
  t.match(never, /median vitald ÷ HAProxy, the largest of all probes \| beyond measure \| +≤ 1\.20 \| \*\*missed\*\*/);
  t.match(never, /never · never · never/);
  t.notMatch(tables(detectionCase(found(null), found(null))), /vitald ÷ HAProxy, the largest/, 'nobody found them: no ratio');
});

t.test('without a target the ratio to HAProxy is for information', async (t) => {
  const untargeted = Object.entries(detectionCase(found(3000), found(2000))).filter(([key]) => key !== 'ratioAtMost');
  t.match(
    tables(Object.fromEntries(untargeted) as unknown as DetectionCase),
    /busy: median vitald ÷ HAProxy, the largest of all probes \| +1\.50 \| +\| +\|/,
  );
});

t.test('without HAProxy there is nothing to compare', async (t) => {
  t.notMatch(tables(detectionCase(found(2000))), /HAProxy/);
  t.same(
    detectionVerdicts([detectionCase(found(2000))]).map(({ met }) => met),
    [true, true],
  );
});

t.test('a verdict is waited for until it comes or the limit is over, and each `down` is kept', async (t) => {
  const board = new VerdictBoard();
  board.set('app', true, 1);
  const down = board.until('app', false, 60_000);
  board.set('app', true, 2);
  board.set('app', false, 3);
  board.set('app', false, 4);
  t.equal(await down, 3);
  t.same(board.downs, [{ backend: 'app', at: 3 }]);
  t.equal(await board.until('app', true, 1), undefined);
  t.ok((await board.until('app', false, 1))! > 4, 'it is there already');
});
