/**
 * Memory for `sendmmsg` and `recvmmsg` (Linux): many packets by one system call. A call for each, and the way from
 * JavaScript to it, cost a fifth of a half-open probe.
 *
 *   headers  [ mmsghdr 0 ][ mmsghdr 1 ] …   what the kernel is given; each points to
 *   names    [ sockaddr 0][ sockaddr 1] …     where its packet goes to or comes from
 *   vectors  [ iovec 0   ][ iovec 1   ] …     where its bytes lie, and how many
 *   data     [ packet 0  ][ packet 1  ] …
 *   controls [ cmsg 0    ][ cmsg 1    ] …     when it arrived; only of packets that are received
 *
 * All of it is laid out once; per packet only address, bytes and length are written. The memory never moves: a Buffer
 * of more than 64 bytes lies outside of the heap that is collected.
 */
import type { Family } from '../probe.js';
import { AF_INET, AF_INET6 } from './addresses.js';
import type { Libc, MessageLayout } from './native.js';

/** Packets in a batch. Answers are read after each, so that they do not overflow the socket meanwhile. */
export const batchSize = 64;

const nameBytes = { 4: 16, 6: 28 } as const;
/** Where the address lies in sockaddr_in and sockaddr_in6. */
const addressAt = { 4: 4, 6: 8 } as const;
const addressBytes = { 4: 4, 6: 16 } as const;

/** A control message header and a `struct timespec` (cmsg(3), SO_TIMESTAMPNS), on machines with 64-bit pointers. */
const controlBytes = 32;
const controlSeconds = 2;
const controlNanoseconds = 3;

export class MessageBatch {
  /** The bytes of each packet. */
  readonly packets: readonly Buffer[];
  /** The address of each packet's sender or recipient: 4 or 16 bytes. */
  readonly addresses: readonly Buffer[];
  readonly #libc: Libc;
  readonly #layout: MessageLayout;
  readonly #headers: Buffer;
  /** The headers as 32-bit words, for reading lengths. */
  readonly #words: Uint32Array;
  /** The control messages as 64-bit words; undefined for a batch that is sent, and on machines with 32-bit pointers. */
  readonly #controls: BigInt64Array | undefined;
  readonly #realTime = new BigInt64Array(2);

  /**
   * @param packetBytes of each packet that is sent; of longer ones that arrive the rest is lost
   * @param timestamps whether the kernel notes when each packet arrived (the socket needs SO_TIMESTAMPNS)
   */
  constructor(libc: Libc, family: Family, packetBytes: number, timestamps = false) {
    const layout = libc.messageLayout;
    this.#libc = libc;
    this.#layout = layout;
    // One piece of memory, so that what the headers point to lives as long as they do.
    const memory = Buffer.alloc(batchSize * (layout.headerBytes + layout.vectorBytes));
    this.#headers = memory.subarray(0, batchSize * layout.headerBytes);
    const vectors = memory.subarray(this.#headers.length);
    this.#words = new Uint32Array(memory.buffer, memory.byteOffset, memory.length / 4);
    const names = Buffer.alloc(batchSize * nameBytes[family]);
    this.packets = parts(Buffer.alloc(batchSize * packetBytes));
    this.addresses = parts(names).map((name) => name.subarray(addressAt[family], addressAt[family] + addressBytes[family]));
    this.#layOut(family, parts(names), parts(vectors));
    if (timestamps && layout.wordBytes === 8) this.#controls = this.#layOutControls();
  }

  /** How many bytes of packet `i` were received. */
  length(i: number): number {
    return this.#words[(i * this.#layout.headerBytes + this.#layout.length) >>> 2]!;
  }

  /** Sends the packets from `first` to `end` - 1. Returns how many left; -1 where already the first did not, and errno says why. */
  send(fd: number, first: number, end: number): number {
    const headers = first === 0 ? this.#headers : this.#headers.subarray(first * this.#layout.headerBytes);
    return this.#libc.sendMessages(fd, headers, end - first);
  }

  /** Reads what has arrived, at most `limit` packets. Returns how many; -1 when there is none. */
  receive(fd: number, limit: number): number {
    const received = this.#libc.receiveMessages(fd, this.#headers, Math.min(limit, batchSize));
    if (this.#controls === undefined || received <= 0) return received;
    this.#libc.realTime(this.#realTime);
    // The kernel wrote how much of the room it used; the next call needs to know the whole room again.
    const { headerBytes, controlLength } = this.#layout;
    for (let i = 0; i < received; i++) this.#words[(i * headerBytes + controlLength) >>> 2] = controlBytes;
    return received;
  }

  /** How long ago packet `i` of the last {@link receive} arrived, ms by the wall clock; 0 when that is not known. */
  ageMs(i: number): number {
    if (this.#controls === undefined) return 0;
    const at = (i * controlBytes) >>> 3;
    const seconds = this.#controls[at + controlSeconds]!;
    if (seconds === 0n) return 0;
    return Number(this.#realTime[0]! - seconds) * 1e3 + Number(this.#realTime[1]! - this.#controls[at + controlNanoseconds]!) / 1e6;
  }

  #layOutControls(): BigInt64Array {
    const memory = Buffer.alloc(batchSize * controlBytes);
    const { headerBytes, control, controlLength, wordBytes } = this.#layout;
    parts(memory).forEach((part, i) => {
      const header = this.#headers.subarray(i * headerBytes, (i + 1) * headerBytes);
      writeWord(header, control, this.#libc.addressOf(part), wordBytes);
      writeWord(header, controlLength, BigInt(controlBytes), wordBytes);
    });
    return new BigInt64Array(memory.buffer, memory.byteOffset, memory.length / 8);
  }

  #layOut(family: Family, names: readonly Buffer[], vectors: readonly Buffer[]): void {
    const { wordBytes, ...at } = this.#layout;
    const address = (memory: Buffer): bigint => this.#libc.addressOf(memory);
    const familyBytes = Buffer.from(new Uint16Array([family === 4 ? AF_INET : AF_INET6]).buffer);
    parts(this.#headers).forEach((header, i) => {
      const [name, vector, packet] = [names[i]!, vectors[i]!, this.packets[i]!];
      familyBytes.copy(name);
      writeWord(header, at.name, address(name), wordBytes);
      new Uint32Array(header.buffer, header.byteOffset + at.nameLength, 1)[0] = name.length;
      writeWord(header, at.vectors, address(vector), wordBytes);
      writeWord(header, at.vectorCount, 1n, wordBytes);
      writeWord(vector, at.vectorBase, address(packet), wordBytes);
      writeWord(vector, at.vectorLength, BigInt(packet.length), wordBytes);
    });
  }
}

function parts(memory: Buffer): Buffer[] {
  const bytes = memory.length / batchSize;
  return Array.from({ length: batchSize }, (_, i) => memory.subarray(i * bytes, (i + 1) * bytes));
}

/** Writes a pointer or a size_t in this machine's byte order. */
function writeWord(into: Buffer, at: number, value: bigint, wordBytes: number): void {
  if (wordBytes === 8) new BigUint64Array(into.buffer, into.byteOffset + at, 1)[0] = value;
  else new Uint32Array(into.buffer, into.byteOffset + at, 1)[0] = Number(value);
}
