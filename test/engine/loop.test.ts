import t from 'tap';
import { EngineLoop } from '#vitald/engine/loop.js';
import { SimulatedClock } from '../support/simulated-clock.js';

t.test('an engine that is too slow for all probes finishes those in flight in time, and starts fewer', async (t) => {
  const [backends, intervalMs, repeatMs, startCostMs] = [400, 1000, 100, 5];
  const clock = new SimulatedClock();
  const repeatDueMs = new Map<number, number>();
  const lateMs: number[] = [];
  const starts = new Array<number>(backends).fill(0);
  const loop: EngineLoop = new EngineLoop(clock, {
    due: (slot) => {
      clock.stall(startCostMs);
      starts[slot]!++;
      repeatDueMs.set(slot, clock.now() + repeatMs);
      loop.armProbe(slot, clock.now() + repeatMs);
      loop.armDue(slot, clock.now() + intervalMs);
    },
    probeTimer: (slot) => {
      lateMs.push(clock.now() - repeatDueMs.get(slot)!);
      repeatDueMs.delete(slot);
    },
    drain: () => Infinity,
    turned: () => undefined,
    inFlight: () => repeatDueMs.size,
  });
  loop.reserve(backends);
  for (let slot = 0; slot < backends; slot++) loop.armDue(slot, slot);
  for (let i = 0; i < 3000; i++) clock.advance(10);
  const turnMs = 32 * startCostMs;
  t.ok(Math.max(...lateMs) <= turnMs + 20, `the latest one by ${Math.max(...lateMs)} ms; a turn takes ${turnMs}`);
  t.ok(Math.min(...starts) >= 10, `each backend in its turn: ${Math.min(...starts)} to ${Math.max(...starts)} starts`);
});
