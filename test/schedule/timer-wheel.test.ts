import t from 'tap';
import { TimerWheel } from '#vitald/schedule/timer-wheel.js';

/** A small generator with a fixed seed, so that a failure can be repeated. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

t.test('a timer fires in the tick of its time, never early', async (t) => {
  const wheel = new TimerWheel(0, 4);
  const fired: number[] = [];
  wheel.arm(0, 10.2);
  wheel.advance(10, (id) => fired.push(id));
  t.same(fired, []);
  wheel.advance(11, (id) => fired.push(id));
  t.same(fired, [0]);
  t.equal(wheel.armed, 0);
});

t.test('a time that has passed fires in the next tick', async (t) => {
  const wheel = new TimerWheel(1000, 4);
  const fired: number[] = [];
  wheel.arm(1, 5);
  wheel.advance(1001, (id) => fired.push(id));
  t.same(fired, [1]);
});

t.test('arming again moves a timer, disarming forgets it', async (t) => {
  const wheel = new TimerWheel(0, 4);
  const fired: number[] = [];
  wheel.arm(0, 10);
  wheel.arm(0, 500);
  wheel.arm(1, 20);
  wheel.disarm(1);
  wheel.disarm(1);
  wheel.advance(499, (id) => fired.push(id));
  t.same(fired, []);
  wheel.advance(500, (id) => fired.push(id));
  t.same(fired, [0]);
});

t.test('a bounded advance stops and goes on where it stopped', async (t) => {
  const wheel = new TimerWheel(0, 100);
  for (let id = 0; id < 100; id++) wheel.arm(id, 5);
  const fired: number[] = [];
  t.equal(
    wheel.advance(50, (id) => fired.push(id), 60),
    true,
    'more are due',
  );
  t.equal(fired.length, 60);
  t.equal(
    wheel.advance(50, (id) => fired.push(id), 60),
    false,
  );
  t.equal(new Set(fired).size, 100, 'each exactly once');
});

t.test('a timer may arm itself again while it fires', async (t) => {
  const wheel = new TimerWheel(0, 1);
  const at: number[] = [];
  wheel.arm(0, 10);
  const tick = (now: number): void => {
    wheel.advance(now, () => {
      at.push(now);
      wheel.arm(0, now + 10);
    });
  };
  for (let now = 1; now <= 50; now++) tick(now);
  t.same(at, [10, 20, 30, 40, 50]);
});

t.test('against a plain list, over hours and all levels, every timer fires once and in its tick', async (t) => {
  const next = random(7);
  const wheel = new TimerWheel(0, 64);
  const expected = new Map<number, number>();
  const horizons = [3, 70, 5000, 300_000, 20_000_000];
  let now = 0;
  let checked = 0;
  for (let step = 0; step < 20_000; step++) {
    const id = Math.floor(next() * 64);
    const at = now + next() * horizons[Math.floor(next() * horizons.length)]!;
    if (next() < 0.1) {
      wheel.disarm(id);
      expected.delete(id);
    } else {
      wheel.arm(id, at);
      expected.set(id, Math.max(Math.ceil(at), Math.floor(now) + 1));
    }
    if (next() < 0.5) continue;
    const due = wheel.nextDueMs();
    const earliest = Math.min(...expected.values());
    if (due > earliest) t.fail(`nextDueMs ${String(due)} is after ${String(earliest)}`);
    now = Math.max(now, due + Math.floor(next() * 100));
    wheel.advance(now, (fired) => {
      checked++;
      const tick = expected.get(fired);
      if (tick === undefined || tick > now) t.fail(`timer ${String(fired)} fired at ${String(now)}, expected ${String(tick)}`);
      expected.delete(fired);
    });
    for (const [id, tick] of expected) if (tick <= now) t.fail(`timer ${String(id)} of ${String(tick)} did not fire by ${String(now)}`);
  }
  t.ok(checked > 5000, `${String(checked)} timers fired`);
});

t.test('nextDueMs is exact within 64 ms, so that nobody wakes in vain', async (t) => {
  const wheel = new TimerWheel(0, 2);
  t.equal(wheel.nextDueMs(), Infinity);
  wheel.arm(0, 40);
  t.equal(wheel.nextDueMs(), 40);
  wheel.arm(1, 30);
  t.equal(wheel.nextDueMs(), 30);
});

t.test('more ids can be reserved while timers are armed', async (t) => {
  const wheel = new TimerWheel(0, 1);
  wheel.arm(0, 100);
  wheel.reserve(1000);
  wheel.arm(999, 100);
  const fired: number[] = [];
  wheel.advance(100, (id) => fired.push(id));
  t.same(fired.sort(), [0, 999]);
});
