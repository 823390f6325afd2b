/** Time as the engine sees it: monotonic (invariant 7), and replaceable by a simulated one in tests. */

export type Cancel = () => void;

export interface Clock {
  /** Monotonic time in ms. */
  now(): number;
  /** Wall-clock time in ms since the epoch, for showing only. */
  wallNow(): number;
  /**
   * Calls `fn` once, not before `ms` have passed, and only after answers that have already arrived were handed to
   * their probes.
   */
  after(ms: number, fn: () => void): Cancel;
}

/** The machine's clock. */
export const realClock: Clock = {
  now: () => performance.now(),
  wallNow: () => Date.now(),
  after(ms, fn) {
    // Not by a timer, which takes a millisecond at the least; an immediate comes after the sockets, too.
    let immediate = ms <= 0 ? setImmediate(fn) : undefined;
    if (immediate !== undefined) return () => clearImmediate(immediate);
    // A timer's callback runs before the event loop looks at its sockets, an immediate after it: a timeout must not
    // win against an answer that lies in the socket's buffer.
    const timer = setTimeout(() => {
      immediate = setImmediate(fn);
      // Rounded up, for Node cuts fractions off: waking early is waking in vain.
    }, Math.ceil(ms));
    return () => {
      clearTimeout(timer);
      if (immediate !== undefined) clearImmediate(immediate);
    };
  },
};
