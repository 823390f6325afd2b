/**
 * Long bodies, made while they are read: a piece at a time, and between two pieces the thread does what else there is.
 *
 * So an answer of 40 MB holds up nobody, and it is never in memory as a whole: a client that reads slowly, or ten of
 * them, cost a piece each.
 */
import { Readable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';

/**
 * @param pieces at least one; each is made when it is asked for, and no more are when the client goes away
 * @returns a stream, or the bytes themselves where there is one piece only
 */
export function bodyOf(pieces: Iterable<Buffer>): Buffer | Readable {
  const rest = pieces[Symbol.iterator]();
  const [first, second] = [rest.next(), rest.next()];
  if (second.done) return first.value as Buffer;
  return Readable.from(oneEachTurn([first.value, second.value], rest), { objectMode: false, highWaterMark: 1 });
}

async function* oneEachTurn(made: readonly Buffer[], rest: Iterator<Buffer>): AsyncGenerator<Buffer> {
  yield* made;
  for (let next = rest.next(); !next.done; next = rest.next()) {
    yield next.value;
    await setImmediate();
  }
}

/** One body for several readers: whoever is ahead makes the next piece, and the others get the same. */
export class SharedPieces implements Iterable<Buffer> {
  readonly #made: Buffer[] = [];
  readonly #source: Iterator<Buffer>;

  constructor(source: Iterable<Buffer>) {
    this.#source = source[Symbol.iterator]();
  }

  *[Symbol.iterator](): Generator<Buffer> {
    for (let place = 0; place < this.#made.length || this.#make(); place++) yield this.#made[place]!;
  }

  /** Returns false after the last. */
  #make(): boolean {
    const next = this.#source.next();
    if (!next.done) this.#made.push(next.value);
    return !next.done;
  }
}
