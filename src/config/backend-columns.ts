/**
 * The backends of one listener, packed into shared memory: 100,000 of them cross threads without being copied, cost a
 * few dozen bytes each, and leave nothing for a garbage collector to look at. Written once, then only read.
 *
 *   place       0        1        2      …   count-1        one row (place) per backend, in the order of the file
 *   ends     [ u32 ]  [ u32 ]  [ u32 ]                      where in the text a backend's id and address end
 *   weight   [ f64 ]  [ f64 ]  [ f64 ]
 *   …
 *   text     id address id address …                        UTF-8
 *   index    [  -  ]  [  2  ]  [  0  ]  [  -  ]  [  1  ]     hash table (open addressing) from an id to its place
 */
import type { Family } from '../probes/probe.js';
import type { BackendMemory, BackendPlan } from './plan.js';

const none = -1;

export class BackendColumns {
  readonly count: number;
  readonly #fromFile: number;
  readonly #weight: Float64Array;
  readonly #idEnd: Uint32Array;
  readonly #addressEnd: Uint32Array;
  readonly #port: Uint16Array;
  readonly #checkPort: Uint16Array;
  readonly #family: Uint8Array;
  /** Ids and addresses as UTF-8, for readers that copy bytes: see {@link idStart}. */
  readonly text: Uint8Array;
  readonly #text: Buffer;
  readonly #index: Int32Array;

  constructor({ count, fromFile, columns, text, index }: BackendMemory) {
    this.count = count;
    this.#fromFile = fromFile;
    this.#weight = new Float64Array(columns, 0, count);
    this.#idEnd = new Uint32Array(columns, 8 * count, count);
    this.#addressEnd = new Uint32Array(columns, 12 * count, count);
    this.#port = new Uint16Array(columns, 16 * count, count);
    this.#checkPort = new Uint16Array(columns, 18 * count, count);
    this.#family = new Uint8Array(columns, 20 * count, count);
    this.#text = Buffer.from(text);
    this.text = this.#text;
    this.#index = new Int32Array(index);
  }

  /**
   * @param backends with different ids
   * @param fromFile how many of them, the first, are of the file
   */
  static pack(backends: readonly BackendPlan[], fromFile = backends.length): BackendMemory {
    return BackendColumns.#pack(undefined, backends, fromFile);
  }

  /**
   * The same backends of the file with other runtime backends after them. Those of the file are copied as bytes: with
   * 100,000 of them that takes some milliseconds, where packing them anew takes hundreds.
   *
   * @param runtime with ids that differ from each other and from those of the file
   */
  static withRuntime(before: BackendColumns, runtime: readonly BackendPlan[]): BackendMemory {
    return BackendColumns.#pack(before, runtime, before.#fromFile);
  }

  /** @param file the backends before `added` are those of its file */
  static #pack(file: BackendColumns | undefined, added: readonly BackendPlan[], fromFile: number): BackendMemory {
    const kept = file === undefined ? 0 : file.#fromFile;
    const count = kept + added.length;
    const keptText = file === undefined ? 0 : file.idStart(kept);
    const texts = Buffer.from(added.map(({ id, address }) => id + address).join(''), 'utf8');
    const memory: BackendMemory = {
      count,
      fromFile,
      columns: new SharedArrayBuffer(count * 21),
      text: new SharedArrayBuffer(keptText + texts.length),
      index: new SharedArrayBuffer(4 * 2 ** Math.ceil(Math.log2(Math.max(count, 1) * 2))),
    };
    const packed = new BackendColumns(memory);
    packed.#index.fill(none);
    if (file !== undefined) packed.#copy(file, kept, keptText);
    texts.copy(packed.#text, keptText);
    packed.#add(added, kept, keptText);
    return memory;
  }

  #copy(file: BackendColumns, count: number, textLength: number): void {
    this.#weight.set(file.#weight.subarray(0, count));
    this.#idEnd.set(file.#idEnd.subarray(0, count));
    this.#addressEnd.set(file.#addressEnd.subarray(0, count));
    this.#port.set(file.#port.subarray(0, count));
    this.#checkPort.set(file.#checkPort.subarray(0, count));
    this.#family.set(file.#family.subarray(0, count));
    this.#text.set(file.#text.subarray(0, textLength));
    for (let place = 0; place < count; place++) this.#indexNew(place);
  }

  #add(added: readonly BackendPlan[], first: number, textStart: number): void {
    let end = textStart;
    added.forEach(({ id, address, family, port, checkPort, weight }, index) => {
      const place = first + index;
      this.#idEnd[place] = end += Buffer.byteLength(id);
      this.#addressEnd[place] = end += Buffer.byteLength(address);
      this.#family[place] = family;
      this.#port[place] = port;
      this.#checkPort[place] = checkPort;
      this.#weight[place] = weight;
      this.#indexNew(place);
    });
  }

  /** The backend's name, or ADDRESS:PORT. */
  id(place: number): string {
    return this.#text.toString('utf8', this.idStart(place), this.#idEnd[place]);
  }

  address(place: number): string {
    return this.#text.toString('latin1', this.#idEnd[place], this.#addressEnd[place]);
  }

  family(place: number): Family {
    return this.#family[place] as Family;
  }

  /** Port of the service. */
  port(place: number): number {
    return this.#port[place]!;
  }

  /** Port that is probed. */
  checkPort(place: number): number {
    return this.#checkPort[place]!;
  }

  weight(place: number): number {
    return this.#weight[place]!;
  }

  /** How many are of the file: the first. The others are runtime backends. */
  get fromFile(): number {
    return this.#fromFile;
  }

  /** True for a backend that came over the API. */
  isRuntime(place: number): boolean {
    return place >= this.#fromFile;
  }

  /** The place of the backend with this id; -1 where there is none. */
  find(id: string): number {
    return this.#index[this.#cell(Buffer.from(id, 'utf8'))]!;
  }

  /** All of one backend, as it stood in the plan. */
  plan(place: number): BackendPlan {
    return {
      id: this.id(place),
      address: this.address(place),
      family: this.family(place),
      port: this.port(place),
      checkPort: this.checkPort(place),
      weight: this.weight(place),
    };
  }

  /** Where in {@link text} a backend's id begins; it ends at {@link idEnd}. */
  idStart(place: number): number {
    return place === 0 ? 0 : this.#addressEnd[place - 1]!;
  }

  /** Where in {@link text} a backend's address begins; it ends at {@link addressEnd}. */
  idEnd(place: number): number {
    return this.#idEnd[place]!;
  }

  addressEnd(place: number): number {
    return this.#addressEnd[place]!;
  }

  /** Notes where a backend is whose id is not in the index yet. */
  #indexNew(place: number): void {
    const mask = this.#index.length - 1;
    let cell = hash(this.#text, this.idStart(place), this.#idEnd[place]!) & mask;
    while (this.#index[cell] !== none) cell = (cell + 1) & mask;
    this.#index[cell] = place;
  }

  /** The cell that holds this id's place, or the empty one where it would be. */
  #cell(id: Buffer): number {
    const mask = this.#index.length - 1;
    let cell = hash(id, 0, id.length) & mask;
    for (let place = this.#index[cell]!; place !== none; place = this.#index[cell]!) {
      if (this.#text.compare(id, 0, id.length, this.idStart(place), this.#idEnd[place]) === 0) break;
      cell = (cell + 1) & mask;
    }
    return cell;
  }
}

/** FNV-1a, 32 bits. */
function hash(bytes: Buffer, from: number, to: number): number {
  let value = 0x811c9dc5;
  for (let i = from; i < to; i++) value = Math.imul(value ^ bytes[i]!, 0x01000193);
  return value >>> 0;
}
