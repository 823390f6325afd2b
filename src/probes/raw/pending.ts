/**
 * Probes in flight by the 32-bit secret that each carries; a reply claims its probe once (invariant 3).
 *
 * An open-addressing hash table in two typed arrays, at most half full:
 *
 *   secret  [ 0 ][ s1 ][ s2 ][ 0 ][ s3 ] …    0: empty
 *   slot    [ – ][  7 ][ 12 ][ – ][  3 ] …
 *
 * The home of a secret is its low bits (secrets are random); a collision takes the next free cell; removal moves
 * later cells of the same cluster back, so that no tombstones are needed.
 */
export class PendingTable {
  #secrets: Uint32Array;
  #slots: Int32Array;
  #mask: number;
  #size = 0;

  /** @param capacity how many probes in flight to begin with; grows by itself */
  constructor(capacity = 512) {
    const cells = 2 ** Math.ceil(Math.log2(Math.max(capacity, 4) * 2));
    this.#secrets = new Uint32Array(cells);
    this.#slots = new Int32Array(cells);
    this.#mask = cells - 1;
  }

  get size(): number {
    return this.#size;
  }

  /** @returns false where the secret is in use (or 0): choose another */
  add(secret: number, slot: number): boolean {
    if (secret === 0) return false;
    if ((this.#size + 1) * 2 > this.#mask + 1) this.#grow();
    let cell = secret & this.#mask;
    while (this.#secrets[cell] !== 0) {
      if (this.#secrets[cell] === secret) return false;
      cell = (cell + 1) & this.#mask;
    }
    this.#secrets[cell] = secret;
    this.#slots[cell] = slot;
    this.#size++;
    return true;
  }

  /** The slot whose probe carries this secret; -1 where there is none. */
  find(secret: number): number {
    const cell = this.#cellOf(secret);
    return cell === -1 ? -1 : this.#slots[cell]!;
  }

  /** Forgets a secret, so that nothing can claim it any more. */
  remove(secret: number): void {
    let hole = this.#cellOf(secret);
    if (hole === -1) return;
    this.#size--;
    for (let cell = (hole + 1) & this.#mask; this.#secrets[cell] !== 0; cell = (cell + 1) & this.#mask) {
      const home = this.#secrets[cell]! & this.#mask;
      // Move it back unless its home lies behind the hole (cyclically).
      if (((cell - home) & this.#mask) >= ((cell - hole) & this.#mask)) {
        this.#secrets[hole] = this.#secrets[cell]!;
        this.#slots[hole] = this.#slots[cell]!;
        hole = cell;
      }
    }
    this.#secrets[hole] = 0;
  }

  #cellOf(secret: number): number {
    if (secret === 0) return -1;
    let cell = secret & this.#mask;
    while (this.#secrets[cell] !== 0) {
      if (this.#secrets[cell] === secret) return cell;
      cell = (cell + 1) & this.#mask;
    }
    return -1;
  }

  #grow(): void {
    const secrets = this.#secrets;
    const slots = this.#slots;
    this.#secrets = new Uint32Array(secrets.length * 2);
    this.#slots = new Int32Array(secrets.length * 2);
    this.#mask = secrets.length * 2 - 1;
    this.#size = 0;
    secrets.forEach((secret, cell) => {
      if (secret !== 0) this.add(secret, slots[cell]!);
    });
  }
}
