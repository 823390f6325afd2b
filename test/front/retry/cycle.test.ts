import t, { type Test } from 'tap';
import { Cycle, Incomplete, type CycleOptions, type RunOutcome } from '#vitald/front/retry/cycle.js';
import { SimulatedClock } from '../../support/simulated-clock.js';

/** A cycle in simulated time, whose runs end when the test says so. */
function cycleOf(t: Test, options: Partial<CycleOptions> = {}) {
  const clock = new SimulatedClock();
  const runs: { signal: AbortSignal; succeed(outcome?: RunOutcome): Promise<void>; fail(why: string): Promise<void> }[] = [];
  const told: string[] = [];
  const cycle = new Cycle({
    run: (signal) =>
      new Promise((resolve, reject) => {
        const end = async (fn: () => void): Promise<void> => {
          fn();
          await settled();
        };
        runs.push({
          signal,
          succeed: (outcome) => end(() => resolve(outcome)),
          fail: (why) => end(() => reject(new Error(why))),
        });
      }),
    minIntervalMs: 100,
    limitMs: 5000,
    onFailing: (problem) => void told.push(problem),
    onRecovered: () => void told.push('recovered'),
    random: () => 1,
    clock,
    ...options,
  });
  t.teardown(() => cycle.close());
  const passes = async (ms: number): Promise<void> => {
    clock.advance(ms);
    await settled();
  };
  return { clock, cycle, runs, told, passes };
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

t.test('it runs when it is woken, and says which revision the other side has', async (t) => {
  const { cycle, runs, clock } = cycleOf(t);
  t.match(cycle.state, { state: 'starting', revision: undefined, lastSuccessAt: undefined });
  t.equal(runs.length, 0);
  cycle.wake();
  await runs[0]!.succeed(118);
  t.match(cycle.state, { state: 'ok', revision: 118, lastSuccessAt: clock.wallStart, successes: 1, failures: 0, problem: undefined });
});

t.test('however often it is woken while it runs, one more run takes it all, after the least interval', async (t) => {
  const { cycle, runs, passes } = cycleOf(t);
  cycle.wake();
  for (let times = 0; times < 1000; times++) cycle.wake();
  t.equal(runs.length, 1, 'never two at a time');
  await runs[0]!.succeed();
  t.equal(runs.length, 1);
  await passes(99);
  t.equal(runs.length, 1);
  await passes(1);
  t.equal(runs.length, 2);
  await runs[1]!.succeed();
  await passes(10_000);
  t.equal(runs.length, 2, 'nothing woke it again');
});

t.test('woken during its rest it waits for the end of it; after it, it runs at once', async (t) => {
  const { cycle, runs, passes } = cycleOf(t);
  cycle.wake();
  await runs[0]!.succeed();
  await passes(50);
  cycle.wake();
  t.equal(runs.length, 1);
  await passes(50);
  t.equal(runs.length, 2);
  await runs[1]!.succeed();
  await passes(1000);
  cycle.wake();
  t.equal(runs.length, 3);
});

t.test('after a failure it tries again by itself, later each time up to a bound, and then catches up', async (t) => {
  const { cycle, runs, passes, told, clock } = cycleOf(t, { firstBackoffMs: 500, longestBackoffMs: 3000 });
  cycle.wake();
  for (const [nth, waitMs] of [500, 1000, 2000, 3000, 3000].entries()) {
    await runs[nth]!.fail('the socket is not there');
    t.match(cycle.state, { state: 'failing', problem: 'the socket is not there', failures: nth + 1, lastFailureAt: clock.wallNow() });
    cycle.wake();
    await passes(waitMs - 1);
    t.equal(runs.length, nth + 1, 'being woken does not shorten the wait');
    await passes(1);
    t.equal(runs.length, nth + 2, `after ${waitMs} ms`);
  }
  await runs[5]!.succeed(7);
  t.match(cycle.state, { state: 'ok', revision: 7, problem: undefined });
  t.same(told, ['the socket is not there', 'recovered'], 'once for each turn of events, not for each attempt');
  cycle.wake();
  await passes(100);
  await runs[6]!.fail('again');
  await passes(500);
  t.equal(runs.length, 8, 'the waits begin anew');
});

t.test('half of the wait is by chance, so that many do not come back together', async (t) => {
  const { cycle, runs, passes } = cycleOf(t, { firstBackoffMs: 1000, random: () => 0 });
  cycle.wake();
  await runs[0]!.fail('no');
  await passes(499);
  t.equal(runs.length, 1);
  await passes(1);
  t.equal(runs.length, 2);
});

t.test('a run that takes too long has failed, even if it does not heed its signal', async (t) => {
  const { cycle, runs, passes } = cycleOf(t);
  cycle.wake();
  await passes(4999);
  t.equal(cycle.state.state, 'starting');
  await passes(1);
  t.match(cycle.state, { state: 'failing', problem: 'no answer within 5 s' });
  t.ok(runs[0]!.signal.aborted);
  await runs[0]!.succeed(1);
  t.match(cycle.state, { state: 'failing', revision: undefined }, 'what it says later counts no more');
  await passes(500);
  t.equal(runs.length, 2);
});

t.test('a run that could do everything but what a person must is a failure, without the wait of one', async (t) => {
  const told: (string | undefined)[] = [];
  const { cycle, runs, passes, clock } = cycleOf(t, { onIncomplete: (problem) => void told.push(problem) });
  const incomplete = (problem: string): Promise<void> => runs.at(-1)!.succeed(new Incomplete(7, problem));
  cycle.wake();
  await incomplete('no counterpart of web');
  const lastFailureAt = clock.wallNow();
  t.match(cycle.state, {
    state: 'failing',
    revision: 7,
    problem: 'no counterpart of web',
    lastFailureAt,
    lastSuccessAt: undefined,
    failures: 1,
    successes: 0,
  });
  cycle.wake();
  await passes(100);
  t.equal(runs.length, 2, 'after the usual interval');
  await incomplete('no counterpart of web');
  cycle.wake();
  await passes(100);
  await incomplete('no counterpart of dns');
  t.same(told, ['no counterpart of web', 'no counterpart of dns'], 'not in each run');
  cycle.wake();
  await passes(100);
  await runs.at(-1)!.succeed(8);
  t.match(cycle.state, { state: 'ok', problem: undefined, failures: 3, successes: 1 });
  t.same(told.at(-1), undefined);
  await passes(1000);
  t.equal(runs.length, 4, 'nothing woke it again');
});

t.test('between incomplete runs and failed ones, each is told when it begins and ends', async (t) => {
  const { cycle, runs, passes, told } = cycleOf(t, {
    firstBackoffMs: 500,
    onIncomplete: (problem) => void told.push(`incomplete: ${problem}`),
  });
  cycle.wake();
  await runs[0]!.succeed(new Incomplete(1, 'web'));
  cycle.wake();
  await passes(100);
  await runs[1]!.fail('no socket');
  await passes(500);
  await runs[2]!.succeed(new Incomplete(1, 'web'));
  t.same(told, ['incomplete: web', 'no socket', 'recovered'], 'what is incomplete is still the same');
});

t.test('a run of several steps counts each, and is ok while it goes on', async (t) => {
  const { cycle, runs, clock } = cycleOf(t);
  cycle.wake();
  t.equal(cycle.state.state, 'starting');
  cycle.succeeded(5);
  cycle.succeeded(6);
  t.match(cycle.state, { state: 'ok', revision: 6, successes: 2, lastSuccessAt: clock.wallStart });
  await runs[0]!.succeed('counted');
  t.match(cycle.state, { state: 'ok', revision: 6, successes: 2 }, 'the end of the run is no success of its own');
});

t.test('a run without a step says nothing of the other side', async (t) => {
  const { cycle, runs, passes } = cycleOf(t);
  cycle.wake();
  await runs[0]!.succeed('counted');
  t.match(cycle.state, { state: 'starting', successes: 0, lastSuccessAt: undefined });
  cycle.wake();
  await passes(100);
  await runs[1]!.fail('no');
  await passes(500);
  await runs[2]!.succeed('counted');
  t.match(cycle.state, { state: 'failing', problem: 'no' }, 'whether it works again is unknown');
});

t.test('a run that throws at once is a failure like any other', async (t) => {
  const { cycle } = cycleOf(t, {
    run: () => {
      throw new Error('not even begun');
    },
  });
  cycle.wake();
  await settled();
  t.match(cycle.state, { state: 'failing', problem: 'not even begun' });
});

t.test('closing ends the run that is under way, and there is no other', async (t) => {
  const { cycle, runs, passes } = cycleOf(t);
  cycle.wake();
  cycle.wake();
  await cycle.close();
  t.ok(runs[0]!.signal.aborted);
  t.match(cycle.state, { state: 'starting', failures: 0 }, 'that is no failure');
  cycle.wake();
  await passes(100_000);
  t.equal(runs.length, 1);
});

t.test('closing during the wait after a failure ends the wait', async (t) => {
  const { cycle, runs, passes } = cycleOf(t);
  cycle.wake();
  await runs[0]!.fail('no');
  await cycle.close();
  await passes(100_000);
  t.equal(runs.length, 1);
});
