/** Columns that grow: a longer array with the same beginning. */
export function copied<T extends Uint8Array | Int32Array | Uint32Array | Float64Array>(from: T, into: T): T {
  into.set(from);
  return into;
}
