/** Time as the engine sees it: monotonic (invariant 7), and replaceable by a simulated one in tests. */

export type Cancel = () => void;

/**
 * @param readToMs everything that had arrived by then has been handed to the callbacks of its sockets. Never later than
 *   the present; earlier when the process was held up between reading its sockets and this call.
 */
export type Wake = (readToMs: number) => void;

export interface Clock {
  /** Monotonic time in ms. */
  now(): number;
  /** Wall-clock time in ms since the epoch, for display only. */
  wallNow(): number;
  /** Calls `wake` once, not before `ms` have passed, and after the event loop has read its sockets. */
  after(ms: number, wake: Wake): Cancel;
}

/** Set while a callback of this clock runs: the event loop's next stop is then to read all its sockets. */
let waking = false;

function call(wake: Wake, readToMs: number): void {
  waking = true;
  try {
    wake(readToMs);
  } finally {
    waking = false;
  }
}

/**
 * The clock of this machine.
 *
 * A timer's callback runs before the event loop polls its sockets, an immediate after it. So each wake-up is a timer
 * that notes the time and then an immediate: in between, every socket that was readable at that time has been read. A
 * timeout never wins against an answer that lies in a socket's buffer, however late the process is.
 */
export const realClock: Clock = {
  now: () => performance.now(),
  wallNow: () => Date.now(),
  after(ms, wake) {
    let immediate: NodeJS.Immediate | undefined;
    const afterReading = (): void => {
      const readToMs = performance.now();
      immediate = setImmediate(() => call(wake, readToMs));
    };
    // Without a timer, which takes a millisecond at the least. Only from a callback of this clock: an immediate that is
    // set while sockets are being read runs right after them, before those that became readable meanwhile are read.
    if (ms <= 0 && waking) {
      afterReading();
      return () => clearImmediate(immediate);
    }
    // Rounded up, because Node cuts fractions off: waking early is waking in vain.
    const timer = setTimeout(afterReading, Math.ceil(ms));
    return () => {
      clearTimeout(timer);
      if (immediate !== undefined) clearImmediate(immediate);
    };
  },
};
