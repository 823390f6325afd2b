/**
 * Long bodies, made while they are read: a piece at a time, and between two pieces the thread does what else there is.
 *
 * So an answer of 40 MB holds up nobody, and it is never in memory as a whole: a client that reads slowly, or ten of
 * them, cost a piece each.
 */
import { Readable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';

/** About this much is made at once: some tenths of a millisecond. */
export const pieceBytes = 128 * 1024;

/** @param pieces makes one when asked for it, and is told to stop when the client goes away */
export function bodyStream(pieces: Iterable<Buffer>): Readable {
  return Readable.from(oneEachTurn(pieces), { objectMode: false, highWaterMark: 1 });
}

async function* oneEachTurn(pieces: Iterable<Buffer>): AsyncGenerator<Buffer> {
  for (const piece of pieces) {
    yield piece;
    await setImmediate();
  }
}
