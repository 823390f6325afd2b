/**
 * Long bodies, made while they are read: a few pieces at a time, and then the thread does what else there is.
 *
 * So an answer of 40 MB holds up nobody, and it is never in memory as a whole: a client that reads slowly, or ten of
 * them, cost a piece each.
 */
import { Readable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';

/**
 * Pieces of a body that nobody else gets, in one turn. More than of a shared one, or else a scrape would go at the pace
 * of each of 200 pollers that are told of a mass change.
 */
const ownPiecesATurn = 4;

/**
 * @param pieces at least one; each is made when it is asked for, and no more are when the client goes away
 * @returns a stream, or the bytes themselves where there is one piece only
 */
export function bodyOf(pieces: Iterable<Buffer>): Buffer | Readable {
  const rest = pieces[Symbol.iterator]();
  const [first, second] = [rest.next(), rest.next()];
  if (second.done) return first.value as Buffer;
  const piecesATurn = pieces instanceof SharedPieces ? 1 : ownPiecesATurn;
  return Readable.from(aFewEachTurn([first.value, second.value], rest, piecesATurn), { objectMode: false, highWaterMark: 1 });
}

async function* aFewEachTurn(made: readonly Buffer[], rest: Iterator<Buffer>, piecesATurn: number): AsyncGenerator<Buffer> {
  yield* made;
  for (let count = 1, next = rest.next(); !next.done; count++, next = rest.next()) {
    yield next.value;
    if (count % piecesATurn === 0) await setImmediate();
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
