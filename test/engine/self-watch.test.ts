import t from 'tap';
import { EngineLoop } from '#vitald/engine/loop.js';
import { SelfWatch } from '#vitald/engine/self-watch.js';
import { SimulatedClock } from '../support/simulated-clock.js';

t.test('ordinary lateness is not held against the checker', async (t) => {
  const watch = new SelfWatch();
  for (let i = 0; i < 1000; i++) watch.woke(i * 10, i * 10 + 4);
  t.equal(watch.heldUpMs, 0);
});

t.test('a probe may lose a tenth of its timeout', async (t) => {
  const watch = new SelfWatch();
  watch.woke(1000, 1200);
  t.equal(watch.spoilt(0, 2000), false, '200 ms of 2 s');
  watch.woke(2000, 2010);
  t.equal(watch.spoilt(0, 2000), true, '210 ms of 2 s');
  t.equal(watch.spoilt(watch.heldUpMs, 2000), false, 'a probe that started afterwards lost nothing');
});

t.test('however short the timeout, 10 ms are nobody’s fault', async (t) => {
  const watch = new SelfWatch();
  watch.woke(0, 10);
  t.equal(watch.spoilt(0, 50), false);
  watch.woke(20, 26);
  t.equal(watch.spoilt(0, 50), true);
});

t.test('a hold-up is counted once, however many turns it takes to catch up', async (t) => {
  const clock = new SimulatedClock();
  const loop = new EngineLoop(clock, {
    due: () => undefined,
    probeTimer: () => undefined,
    drain: () => undefined,
    turned: () => undefined,
    inFlight: () => 1,
  });
  loop.reserve(5000);
  for (let slot = 0; slot < 5000; slot++) loop.armDue(slot, 100);
  clock.advance(50);
  clock.stall(150);
  clock.advance(500);
  t.ok(loop.watch.heldUpMs >= 90 && loop.watch.heldUpMs <= 160, `${String(loop.watch.heldUpMs)} ms, five turns`);
});
