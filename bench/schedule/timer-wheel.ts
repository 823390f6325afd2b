/** The timer wheel at the engine's work: each probe arms and disarms its own timer, and arms the next start. */
import { TimerWheel } from '#vitald/schedule/timer-wheel.js';
import type { Finding } from '../report/measurement.js';
import { timing } from '../support/timing.js';

const backends = 100_000;
const intervalMs = 5000;
const timeoutMs = 500;

export function timerWheelBench(): Finding[] {
  let now = 0;
  const wheel = new TimerWheel(now, 2 * backends);
  for (let slot = 0; slot < backends; slot++) wheel.arm(slot * 2, (slot * intervalMs) / backends);
  let fired = 0;
  const probe = (id: number): void => {
    fired++;
    wheel.arm(id + 1, now + timeoutMs);
    wheel.disarm(id + 1);
    wheel.arm(id, now + intervalMs);
  };
  const turns = intervalMs / 4;
  const work = (): void => {
    for (let i = 0; i < turns; i++) wheel.advance((now += 4), probe);
  };
  const finding = timing(`timer wheel: the timers of one probe, beside ${backends} others`, backends, work);
  if (fired < backends) throw new Error('the wheel did not fire every timer');
  return [finding];
}
