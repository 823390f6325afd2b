/**
 * Preloaded into a daemon (`node --import`), in all of its threads: the wall clock is off by as many ms as the file
 * TEST_CLOCK_FILE says, from one moment to the next. Monotonic time and timers go on.
 */
import { readFileSync } from 'node:fs';

const file = process.env['TEST_CLOCK_FILE'];
if (file === undefined) throw new Error('TEST_CLOCK_FILE is not set');
/** The file is read this often at most. */
const readEveryMs = 10;

const right = Date.now;
let readAt = -Infinity;
let offMs = 0;

Date.now = () => {
  const now = performance.now();
  if (now - readAt >= readEveryMs) {
    readAt = now;
    offMs = Number(readFileSync(file, 'utf8'));
  }
  return right() + offMs;
};
