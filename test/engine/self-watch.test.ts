import t from 'tap';
import { EngineLoop, type LoopEvents } from '#vitald/engine/loop.js';
import { SelfWatch } from '#vitald/engine/self-watch.js';
import { SimulatedClock } from '../support/simulated-clock.js';

t.test('ordinary lateness does not count', async (t) => {
  const watch = new SelfWatch();
  for (let i = 0; i < 1000; i++) watch.woke(i * 10, i * 10 + 4);
  t.equal(watch.longestSince(0, 10_000, 10_004), 0);
});

t.test('the longest hold-up since a time, the one that lasts included: many short ones are not a long one', async (t) => {
  const watch = new SelfWatch();
  watch.woke(1000, 1200);
  for (let i = 0; i < 20; i++) watch.woke(1300 + i * 50, 1330 + i * 50);
  t.equal(watch.longestSince(900, 2300, 2300), 200);
  t.equal(watch.longestSince(1100, 2300, 2300), 100, 'the part of it since then');
  t.equal(watch.longestSince(1200, 2300, 2300), 30, 'after the long one');
  t.equal(watch.longestSince(2290, 2300, 2300), 0);
  t.equal(watch.longestSince(2290, 2300, 2390), 90, '90 ms late already');
  t.equal(watch.longestSince(2389, 2300, 2390), 0, 'a step that was just taken');
});

t.test('a stop is remembered by its length and its end', async (t) => {
  const watch = new SelfWatch();
  watch.woke(1000, 1600);
  t.equal(watch.stoppedSince(1500, 500), true, 'it lasted 600 ms, until 1600');
  t.equal(watch.stoppedSince(1600, 500), false, 'what started afterwards was not stopped');
  t.equal(watch.stoppedSince(1500, 600), false, 'rounded up to a power of two: 1024');
  for (let i = 0; i < 10; i++) watch.woke(2000 + i * 400, 2100 + i * 400);
  t.equal(watch.stoppedSince(2000, 500), false, 'ten stops of 100 ms are not one of a second');
  t.equal(watch.stoppedSince(2000, 50), true);
});

function loopWith(clock: SimulatedClock, events: Partial<LoopEvents>): EngineLoop {
  return new EngineLoop(clock, {
    due: () => undefined,
    probeTimer: () => undefined,
    drain: () => Infinity,
    turned: () => undefined,
    inFlight: () => 1,
    ...events,
  });
}

t.test('a hold-up is counted once, however many turns it takes to catch up', async (t) => {
  const clock = new SimulatedClock();
  const loop = loopWith(clock, {});
  loop.reserve(5000);
  for (let slot = 0; slot < 5000; slot++) loop.armDue(slot, 100);
  clock.advance(50);
  clock.stall(150);
  t.ok(loop.heldUpMs(0) >= 90, 'while it lasts, too');
  clock.advance(500);
  t.ok(loop.heldUpMs(0) >= 90 && loop.heldUpMs(0) <= 160, `${String(loop.heldUpMs(0))} ms, five turns`);
});

t.test('a timer is handled once everything that had arrived by its time has been read', async (t) => {
  const clock = new SimulatedClock();
  const handled: { slot: number; readToMs: number }[] = [];
  let readToMs = Infinity;
  const loop = loopWith(clock, {
    probeTimer: (slot, read) => handled.push({ slot, readToMs: read }),
    drain: () => readToMs,
  });
  loop.reserve(10);
  loop.armProbe(1, 100);
  clock.advance(120);
  t.match(handled, [{ slot: 1 }]);
  t.ok(handled[0]!.readToMs >= 100);
  // More has arrived than one turn reads: the probe hears how far it got, and waits.
  readToMs = 150;
  loop.armProbe(2, 200);
  clock.advance(120);
  t.same(handled[1], { slot: 2, readToMs: 150 });
});

t.test('timers that became due after the sockets were read wait until they are read again', async (t) => {
  const clock = new SimulatedClock();
  const handled: number[] = [];
  const loop = loopWith(clock, { probeTimer: (slot) => handled.push(slot) });
  loop.reserve(10);
  loop.armProbe(1, 100);
  loop.armProbe(2, 130);
  clock.advance(50);
  // The process reads its sockets at 105 and is stopped before the turn until 140.
  clock.holdUpAfterReading(55, 35);
  t.same(handled, [1], 'what arrived for the second probe between 105 and 140 has not been read');
  clock.advance(10);
  t.same(handled, [1, 2]);
});
