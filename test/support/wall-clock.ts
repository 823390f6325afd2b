/** Sets the wall clock of this process, as people and NTP set that of a machine. Monotonic time and timers go on. */
import type { Test } from 'tap';

export interface WallClock {
  /** @param ms forward; negative: back. Steps add up. */
  step(ms: number): void;
}

/** The clock is right again when the test ends. */
export function wallClock(t: Pick<Test, 'teardown'>): WallClock {
  const right = Date.now;
  let offMs = 0;
  Date.now = () => right() + offMs;
  t.teardown(() => {
    Date.now = right;
  });
  return { step: (ms) => void (offMs += ms) };
}
