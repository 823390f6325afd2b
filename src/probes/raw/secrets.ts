/** 32-bit secrets that nobody can guess, drawn from the system's generator in blocks: one call for each would cost more than the probe. */
import { randomFillSync } from 'node:crypto';

const block = new Uint32Array(1024);
let used = block.length;

/** A random number from 1 to 2^32 - 1. */
export function secret32(): number {
  for (;;) {
    if (used === block.length) {
      randomFillSync(block);
      used = 0;
    }
    const value = block[used++]!;
    if (value !== 0) return value;
  }
}
