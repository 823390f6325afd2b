import t from 'tap';
import { HostSpread, nextFixedRate, onGrid, Spread } from '#vitald/schedule/pacing.js';

t.test('fixed rate: the next start is counted from when the last was due, however late it was', async (t) => {
  t.equal(nextFixedRate(1000, 500, 1000), 1500);
  t.equal(nextFixedRate(1000, 500, 1020), 1500);
});

t.test('fixed rate: starts that have passed are left out, the phase stays', async (t) => {
  t.equal(nextFixedRate(1000, 500, 11_200), 11_500);
  t.equal(nextFixedRate(1000, 500, 1500), 2000);
});

t.test('first probes of many backends fill the interval evenly', async (t) => {
  const spread = new Spread(0.3);
  const tenths = new Array<number>(10).fill(0);
  for (let i = 0; i < 1000; i++) {
    const at = spread.next(5000);
    t.ok(at >= 0 && at < 5000);
    tenths[Math.floor(at / 500)]!++;
  }
  for (const count of tenths) t.ok(Math.abs(count - 100) <= 2, `${String(count)} in a tenth of the interval`);
});

t.test('also a few backends are not probed at once', async (t) => {
  const spread = new Spread(0);
  const times = [0, 1, 2, 3].map(() => spread.next(6000)).sort((a, b) => a - b);
  for (let i = 1; i < times.length; i++) t.ok(times[i]! - times[i - 1]! > 600, `${String(times[i]! - times[i - 1]!)} ms apart`);
});

t.test('first probes of one host are spaced, wherever its backends stand in the plan', async (t) => {
  // 34 hosts, each in ten listeners: by the order of the plan alone, a host would be probed ten times in an eighth of the interval.
  const hosts = 34;
  const spread = new HostSpread(new Spread(0.3));
  const times = Array.from({ length: hosts }, (): number[] => []);
  for (let listener = 0; listener < 10; listener++) {
    for (let host = 0; host < hosts; host++) times[host]!.push(spread.next(`10.0.0.${String(host)}`, 5000));
  }
  for (const ofHost of times) {
    ofHost.sort((a, b) => a - b);
    for (let i = 1; i < ofHost.length; i++) t.ok(ofHost[i]! - ofHost[i - 1]! > 170, `${String(ofHost[i]! - ofHost[i - 1]!)} ms apart`);
  }
  const tenths = new Array<number>(10).fill(0);
  for (const at of times.flat()) tenths[Math.floor(at / 500)]!++;
  for (const count of tenths) t.ok(Math.abs(count - hosts) <= 4, `${String(count)} in a tenth of the interval`);
});

t.test('first probes begin on a common grid, so that backends share wake-ups', async (t) => {
  t.same([0, 0.1, 19.9, 20, 123_456.7].map(onGrid), [0, 20, 20, 20, 123_460]);
  t.equal(nextFixedRate(onGrid(123), 5000, 200), onGrid(123) + 5000, 'and stay on it');
});
