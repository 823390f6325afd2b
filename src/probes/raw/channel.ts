/**
 * One raw socket: packets out and in by batches, with a kernel filter in front.
 *
 * raw-socket reports when a socket can be read (poller.ts). Its own queue moves one packet per event-loop turn; here
 * sendmmsg and recvmmsg move up to 64 in one call.
 */
import { getSystemErrorName } from 'node:util';
import type { Family } from '../probe.js';
import { AF_INET, AF_INET6, sockaddr } from './addresses.js';
import { batchSize, MessageBatch } from './message-batch.js';
import { loadNative, RawUnavailable, type Libc } from './native.js';
import { openRawSocket } from './open-socket.js';
import { rawPoller, type RawPoller } from './poller.js';
import { bindToDevice, whyNotBound } from './sockets.js';

/** Why a packet did not leave. `busy`: the send buffer is full, try again later. */
export type SendFailure =
  'busy' | 'not_permitted' | 'prohibited' | 'blackholed' | 'net_unreachable' | 'host_unreachable' | 'source_missing' | 'failed';

/** Where a packet goes. */
export interface Recipient {
  readonly address: string;
  /** IPv4 address as a number; 0 for IPv6. */
  readonly number: number;
  /** The 16 bytes of an IPv6 address; undefined for IPv4. */
  readonly bytes: Uint8Array | undefined;
}

/**
 * @param bytes how many of `packet` are valid; the buffer is used again for later packets
 * @param source the sender's address: 4 or 16 bytes
 * @param ageMs how long ago the packet arrived, by the kernel's own note
 */
export type Receive = (packet: Buffer, bytes: number, source: Uint8Array, ageMs: number) => void;

/** Told of each packet that did not leave. @param secret as it was given with the packet */
export type Unsent = (secret: number, why: SendFailure) => void;

/** What probes need of a raw socket; tests put a fake one here that corrupts, repeats and delays packets. */
export interface RawChannel {
  /**
   * Takes a copy of `packet` into the batch. The batch leaves when it is full, before anything is read, and at the
   * latest when the present turn of the event loop ends.
   */
  send(packet: Buffer, to: Recipient, secret: number): void;
  /**
   * Sends what is in the batch, then reads what has already arrived, at most `limit` packets.
   *
   * @returns the time up to which all that had arrived has been read, monotonic ms; Infinity when nothing is left
   */
  drain(limit?: number): number;
  /** How many packets the kernel has dropped so far because the socket's buffer was full (SO_RXQ_OVFL, socket(7)). */
  drops(): number;
  close(): void;
}

export interface ChannelOptions {
  readonly family: Family;
  /** IP protocol number: 6 TCP, 1 ICMP, 58 ICMPv6. */
  readonly protocol: number;
  /** Program for the kernel, see filter.ts. */
  readonly filter: Buffer;
  readonly source: string | undefined;
  readonly interface: string | undefined;
  /** ICMP: the types that are let in. The kernel looks at them before it copies the packet, and at `filter` after. */
  readonly icmpTypes?: readonly number[];
  /** Length of each packet that is sent. */
  readonly packetBytes: number;
  /** IPv6 TCP: where in the packet the kernel fills in the checksum. */
  readonly checksumOffset?: number;
  /** Time to live (IPv6: hop limit) of the packets sent; the kernel's usual one by default. */
  readonly hopLimit?: number;
}

export type OpenChannel = (options: ChannelOptions, receive: Receive, unsent: Unsent) => RawChannel;

/** Packets read in one go; then other sockets get their turn. */
const drainLimit = 512;
/** Room for a burst of replies that arrive while this process is busy; the kernel may grant less. */
const receiveBufferBytes = 8 * 1024 * 1024;
/** Of a packet that arrives only the headers matter: of an ICMP error two IP headers, at most 60 bytes each, and 8 bytes behind each. */
const receivedBytes = 160;

const SOL_SOCKET = 1;
const SO_RCVBUF = 8;
const SO_RCVBUFFORCE = 33;
const SO_SNDBUFFORCE = 32;
const SO_TIMESTAMPNS = 35;
const SO_MEMINFO = 55;
/** SK_MEMINFO_DROPS of the kernel's `sock_diag.h`: its place among the 32-bit numbers that SO_MEMINFO gives. */
const meminfoDrops = 8;
const IPPROTO_IPV6 = 41;
const IPV6_CHECKSUM = 7;
const IPV6_UNICAST_HOPS = 16;
const IPPROTO_IP = 0;
const IP_TTL = 2;
const SOL_RAW = 255;
const ICMP_FILTER = 1;
const IPPROTO_ICMPV6 = 58;
const ICMPV6_FILTER = 1;

/**
 * Opens a raw socket on this machine.
 *
 * @throws RawUnavailable where a package, the permission, or the address to bind is missing; the message is a sentence
 */
export const openRawChannel: OpenChannel = (options, receive, unsent) => {
  const native = loadNative();
  const { libc } = native;
  const poller = rawPoller(native);
  const fd = openRawSocket(libc, options.family === 4 ? AF_INET : AF_INET6, options.protocol);
  try {
    configure(libc, fd, options);
    const channel = new NativeChannel(libc, poller, fd, options, receive, unsent);
    poller.watch(fd, () => {
      channel.drain();
    });
    return channel;
  } catch (error) {
    libc.close(fd);
    throw error;
  }
};

function configure(libc: Libc, fd: number, options: ChannelOptions): void {
  if (libc.attachFilter(fd, options.filter) !== 0)
    throw new RawUnavailable(`the kernel refused the packet filter (errno ${String(libc.errno())})`);
  if (options.interface !== undefined) {
    if (!bindToDevice(libc, fd, options.interface)) {
      const code = getSystemErrorName(-libc.errno());
      throw new RawUnavailable(whyNotBound(options.interface, code), code === 'ENODEV' ? 'checker_source_missing' : 'checker_permission');
    }
  }
  if (options.source !== undefined) {
    const address = sockaddr(options.family, options.source, 0);
    if (libc.bind(fd, address, address.length) !== 0)
      throw new RawUnavailable(`${options.source} is not an address of this machine`, 'checker_source_missing');
  }
  if (options.checksumOffset !== undefined) setInt(libc, fd, IPPROTO_IPV6, IPV6_CHECKSUM, options.checksumOffset);
  if (options.hopLimit !== undefined) {
    if (options.family === 4) setInt(libc, fd, IPPROTO_IP, IP_TTL, options.hopLimit);
    else setInt(libc, fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, options.hopLimit);
  }
  if (options.icmpTypes !== undefined) letIn(libc, fd, options.family, options.icmpTypes);
  // More than net.core.rmem_max needs CAP_NET_ADMIN; without it the kernel's limit has to do.
  if (setInt(libc, fd, SOL_SOCKET, SO_RCVBUFFORCE, receiveBufferBytes) !== 0) setInt(libc, fd, SOL_SOCKET, SO_RCVBUF, receiveBufferBytes);
  setInt(libc, fd, SOL_SOCKET, SO_SNDBUFFORCE, receiveBufferBytes);
  // So that round-trip times end when an answer arrives, not when a busy process reads it.
  setInt(libc, fd, SOL_SOCKET, SO_TIMESTAMPNS, 1);
}

/** A set bit keeps a type out: of the first 32 in IPv4 (raw(7), ICMP_FILTER), of all 256 in IPv6 (RFC 3542 3.2). */
function letIn(libc: Libc, fd: number, family: Family, types: readonly number[]): void {
  const blocked = new Uint32Array(family === 4 ? 1 : 8).fill(0xffff_ffff);
  for (const type of types) blocked[type >>> 5] = blocked[type >>> 5]! & ~(1 << (type & 31));
  const bytes = Buffer.from(blocked.buffer);
  if (family === 4) libc.setsockopt(fd, SOL_RAW, ICMP_FILTER, bytes, bytes.length);
  else libc.setsockopt(fd, IPPROTO_ICMPV6, ICMPV6_FILTER, bytes, bytes.length);
}

function setInt(libc: Libc, fd: number, level: number, option: number, value: number): number {
  return libc.setsockopt(fd, level, option, Buffer.from(new Int32Array([value]).buffer), 4);
}

class NativeChannel implements RawChannel {
  readonly #libc: Libc;
  readonly #poller: RawPoller;
  readonly #fd: number;
  readonly #family: Family;
  readonly #receive: Receive;
  readonly #unsent: Unsent;
  readonly #out: MessageBatch;
  readonly #in: MessageBatch;
  /** Of the packets in the outgoing batch, in their order. */
  readonly #secrets = new Uint32Array(batchSize);
  #queued = 0;
  #closed = false;
  /** When the socket was last found empty: what is there now arrived later, whatever the wall clock says. */
  #emptyAtMs = performance.now();
  readonly #memory = new Uint32Array(16);
  readonly #memoryBytes = new Uint32Array(1);

  constructor(libc: Libc, poller: RawPoller, fd: number, options: ChannelOptions, receive: Receive, unsent: Unsent) {
    this.#libc = libc;
    this.#poller = poller;
    this.#fd = fd;
    this.#family = options.family;
    this.#receive = receive;
    this.#unsent = unsent;
    this.#out = new MessageBatch(libc, options.family, options.packetBytes);
    this.#in = new MessageBatch(libc, options.family, receivedBytes, true);
  }

  send(packet: Buffer, to: Recipient, secret: number): void {
    if (this.#closed) {
      this.#unsent(secret, 'failed');
      return;
    }
    if (this.#queued === 0) queueMicrotask(this.#flush);
    const place = this.#queued++;
    const bytes = this.#out.packets[place]!;
    // A loop over few bytes is cheaper than a call into native code.
    for (let i = 0; i < bytes.length; i++) bytes[i] = packet[i]!;
    writeAddress(this.#out.addresses[place]!, this.#family, to);
    this.#secrets[place] = secret;
    if (this.#queued === batchSize) this.#flush();
  }

  readonly #flush = (): void => {
    const queued = this.#queued;
    if (queued === 0 || this.#closed) return;
    let failures: [secret: number, why: SendFailure][] | undefined;
    for (let first = 0; first < queued;) {
      const sent = this.#out.send(this.#fd, first, queued);
      if (sent > 0) first += sent;
      else (failures ??= []).push([this.#secrets[first++]!, sendFailure(getSystemErrorName(-this.#libc.errno()))]);
    }
    this.#queued = 0;
    // Last: who is told may send another packet.
    failures?.forEach(([secret, why]) => {
      this.#unsent(secret, why);
    });
  };

  drain(limit = drainLimit): number {
    this.#flush();
    let ageMs = 0;
    for (let left = limit; left > 0 && !this.#closed;) {
      const nowMs = performance.now();
      const received = this.#in.receive(this.#fd, left);
      for (let i = 0; i < received; i++) {
        ageMs = Math.min(Math.max(this.#in.ageMs(i), 0), nowMs - this.#emptyAtMs);
        this.#receive(this.#in.packets[i]!, Math.min(this.#in.length(i), receivedBytes), this.#in.addresses[i]!, ageMs);
      }
      // Fewer than asked for: that was all.
      if (received < Math.min(left, batchSize)) {
        this.#emptyAtMs = nowMs;
        return Infinity;
      }
      left -= received;
    }
    return performance.now() - ageMs;
  }

  drops(): number {
    this.#memoryBytes[0] = this.#memory.byteLength;
    const memory = Buffer.from(this.#memory.buffer);
    if (this.#closed || this.#libc.getsockopt(this.#fd, SOL_SOCKET, SO_MEMINFO, memory, this.#memoryBytes) !== 0) return 0;
    return this.#memory[meminfoDrops]!;
  }

  close(): void {
    if (this.#closed) return;
    this.#flush();
    this.#closed = true;
    this.#poller.unwatch(this.#fd);
    this.#libc.close(this.#fd);
  }
}

function writeAddress(into: Buffer, family: Family, { number, bytes }: Recipient): void {
  if (family === 6) {
    into.set(bytes!);
    return;
  }
  into[0] = number >>> 24;
  into[1] = (number >>> 16) & 0xff;
  into[2] = (number >>> 8) & 0xff;
  into[3] = number & 0xff;
}

/** @param code as `EPERM` */
export function sendFailure(code: string): SendFailure {
  switch (code) {
    case 'ENOBUFS':
    case 'EAGAIN':
      return 'busy';
    case 'EPERM':
      return 'not_permitted';
    case 'EACCES':
      return 'prohibited';
    case 'EINVAL':
      return 'blackholed';
    case 'ENETUNREACH':
    case 'ENETDOWN':
      return 'net_unreachable';
    case 'EHOSTUNREACH':
    case 'EHOSTDOWN':
      return 'host_unreachable';
    case 'ENODEV':
    case 'ENXIO':
    case 'EAFNOSUPPORT':
    case 'EADDRNOTAVAIL':
      return 'source_missing';
    default:
      return 'failed';
  }
}
