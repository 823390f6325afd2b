/** Byte strings: made of pieces of a grammar, damaged, and cut into parts. */
import fc, { type Arbitrary } from 'fast-check';

export const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1');

/** Any bytes. */
export function anyBytes(maxLength: number): Arbitrary<Buffer> {
  return fc.uint8Array({ maxLength }).map((bytes) => Buffer.from(bytes));
}

/** One change of a byte string, wherever it is applied. Positions are fractions, so that they fit every length. */
export interface Damage {
  readonly kind: 'set' | 'flip' | 'insert' | 'remove' | 'repeat' | 'cut';
  /** From 0 to 2^32 - 1: the place as a fraction of the length. */
  readonly at: number;
  readonly byte: number;
  readonly length: number;
}

/** Bytes that mean something in the texts and packets that vitald reads. */
const meaningful = [0, 1, 9, 10, 13, 32, 34, 45, 48, 57, 58, 59, 65, 92, 123, 127, 128, 194, 255];

const damage: Arbitrary<Damage> = fc.record({
  kind: fc.constantFrom('set', 'flip', 'insert', 'remove', 'repeat', 'cut'),
  at: fc.integer({ min: 0, max: 0xffff_ffff }),
  byte: fc.oneof(fc.constantFrom(...meaningful), fc.integer({ min: 0, max: 255 })),
  length: fc.integer({ min: 1, max: 12 }),
});

export const damages: Arbitrary<readonly Damage[]> = fc.array(damage, { maxLength: 5 });

export function damaged(bytes: Buffer, all: readonly Damage[]): Buffer {
  return all.reduce(damagedOnce, bytes);
}

function damagedOnce(bytes: Buffer, { kind, at, byte, length }: Damage): Buffer {
  const place = Math.floor((at / 2 ** 32) * bytes.length);
  const before = bytes.subarray(0, place);
  const after = bytes.subarray(place);
  switch (kind) {
    case 'set':
      return Buffer.concat([before, Buffer.from([byte]), after.subarray(1)]);
    case 'flip':
      return Buffer.concat([before, Buffer.from([(after[0] ?? 0) ^ (1 << (byte & 7))]), after.subarray(1)]);
    case 'insert':
      return Buffer.concat([before, Buffer.alloc(length, byte), after]);
    case 'remove':
      return Buffer.concat([before, after.subarray(length)]);
    case 'repeat':
      return Buffer.concat([before, after.subarray(0, length), after]);
    case 'cut':
      return Buffer.from(before);
    default:
      return kind satisfies never;
  }
}

/** Bytes of one of these samples, or of several in a row, with some damage. */
export function damagedSamples(samples: readonly Buffer[]): Arbitrary<Buffer> {
  return fc
    .tuple(fc.array(fc.constantFrom(...samples), { minLength: 1, maxLength: 3 }), damages)
    .map(([parts, all]) => damaged(Buffer.concat(parts), all));
}

/** Pieces of a grammar in any order. */
export function piecesOf(pieces: readonly string[], maxLength: number): Arbitrary<Buffer> {
  return fc.array(fc.constantFrom(...pieces), { maxLength }).map((chosen) => latin1(chosen.join('')));
}

/** Sizes of parts; the last one again and again. */
export const sizes: Arbitrary<readonly number[]> = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 8 });

/** Cuts bytes into parts of these sizes. Each part lies in a larger buffer, as what a socket gives does. */
export function* parts(bytes: Buffer, sizes: readonly number[]): Generator<readonly [chunk: Buffer, start: number, end: number]> {
  for (let at = 0, part = 0; at < bytes.length; part++) {
    const end = Math.min(bytes.length, at + (sizes[part] ?? sizes.at(-1)!));
    yield [bytes, at, end];
    at = end;
  }
}

export const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
