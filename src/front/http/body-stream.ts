/**
 * Long bodies, made while they are read: a few pieces at a time, and then the thread does what else there is.
 *
 * So an answer of 40 MB holds up nobody, and it is never in memory as a whole: a client that reads slowly, or ten of
 * them, cost a piece each.
 */
import { Readable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { gzipped } from './gzip.js';

/**
 * Pieces of a body that nobody else gets, in one turn. More than of a shared one, or else a scrape would go at the pace
 * of each of 200 pollers that are told of a mass change.
 */
const ownPiecesATurn = 4;
/** A body that is in memory as a whole is compressed in slices like pieces (text-writer.ts). */
const sliceBytes = 128 * 1024;

/** What the streams that {@link bodyOf} made are read from. */
const sources = new WeakMap<Readable, Iterable<Buffer>>();

/**
 * @param pieces at least one; each is made when it is asked for, and no more are when the client goes away
 * @returns a stream, or the bytes themselves where there is one piece only
 */
export function bodyOf(pieces: Iterable<Buffer>): Buffer | Readable {
  const rest = pieces[Symbol.iterator]();
  const [first, second] = [rest.next(), rest.next()];
  if (second.done) return first.value as Buffer;
  const made = [first.value, second.value];
  const piecesATurn = pieces instanceof SharedPieces ? 1 : ownPiecesATurn;
  const body = Readable.from(aFewEachTurn(made, rest, piecesATurn), { objectMode: false, highWaterMark: 1 });
  sources.set(body, pieces instanceof SharedPieces ? pieces : inTurn(made, rest));
  return body;
}

/**
 * The same body in gzip; of a shared one it is made once for all.
 *
 * @param body of {@link bodyOf}, and not yet read: it is not to be used any more
 * @returns undefined for a stream of somebody else
 */
export function gzippedBody(body: Buffer | Readable): Buffer | Readable | undefined {
  if (Buffer.isBuffer(body)) return gzippedBuffer(body);
  const pieces = sources.get(body);
  if (pieces === undefined) return undefined;
  body.destroy();
  return bodyOf(pieces instanceof SharedPieces ? pieces.gzipped : gzipped(pieces));
}

/** True for a body of which all readers get the same pieces, compressed once for all. */
export function isShared(body: Readable): boolean {
  return sources.get(body) instanceof SharedPieces;
}

/** Pollers that are released together get the same bytes. */
const gzippedBuffers = new WeakMap<Buffer, Buffer>();

function gzippedBuffer(body: Buffer): Buffer | Readable {
  const known = gzippedBuffers.get(body);
  if (known !== undefined) return known;
  const made = bodyOf(gzipped(slices(body)));
  if (Buffer.isBuffer(made)) gzippedBuffers.set(body, made);
  return made;
}

function* slices(body: Buffer): Generator<Buffer> {
  for (let start = 0; start < body.length; start += sliceBytes) yield body.subarray(start, start + sliceBytes);
}

function* inTurn(made: readonly Buffer[], rest: Iterator<Buffer>): Generator<Buffer> {
  yield* made;
  for (let next = rest.next(); !next.done; next = rest.next()) yield next.value;
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
  #gzipped: SharedPieces | undefined;

  constructor(source: Iterable<Buffer>) {
    this.#source = source[Symbol.iterator]();
  }

  /** The same in gzip, shared too. */
  get gzipped(): SharedPieces {
    return (this.#gzipped ??= new SharedPieces(gzipped(this)));
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
