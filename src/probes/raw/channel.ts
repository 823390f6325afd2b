/**
 * One raw socket: packets out at once, packets in by a callback, with a kernel filter in front.
 *
 * raw-socket's own queue sends one packet per event-loop turn, and reads one; here both are done in bounded loops over
 * its native object, which sends and reads synchronously.
 */
import { readdirSync, readlinkSync } from 'node:fs';
import type { Family } from '../probe.js';
import { sockaddr } from './addresses.js';
import { bindToDevice } from './sockets.js';
import { loadNative, RawUnavailable, type Libc, type RawWrap } from './native.js';

/** How a packet left, or why it did not. `busy`: the send buffer is full, try again later. */
export type SendResult = 'sent' | 'busy' | 'not_permitted' | 'net_unreachable' | 'host_unreachable' | 'failed';

/** @param bytes how many of `packet` are valid; the buffer is used again for the next packet */
export type Receive = (packet: Buffer, bytes: number, source: string) => void;

/** What probes need of a raw socket; tests put a fake one here that corrupts, repeats and delays packets. */
export interface RawChannel {
  /** Sends the first `length` bytes of `packet`. */
  send(packet: Buffer, length: number, address: string): SendResult;
  /** Reads what has already arrived, at most `limit` packets. */
  drain(limit?: number): void;
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
  /** IPv6 TCP: where in the packet the kernel fills in the checksum. */
  readonly checksumOffset?: number;
}

export type OpenChannel = (options: ChannelOptions, receive: Receive) => RawChannel;

/** Packets read in one go; then other sockets get their turn. */
const drainLimit = 512;
/** Room for a burst of replies that arrive while this process is busy; the kernel may grant less. */
const receiveBufferBytes = 8 * 1024 * 1024;
const packetBytes = 2048;

const SOL_SOCKET = 1;
const SO_RCVBUF = 8;
const SO_RCVBUFFORCE = 33;
const SO_SNDBUFFORCE = 32;
const IPPROTO_IPV6 = 41;
const IPV6_CHECKSUM = 7;

/**
 * Opens a raw socket on this machine.
 *
 * @throws RawUnavailable where a package, the permission, or the address to bind is missing; the message is a sentence
 */
export const openRawChannel: OpenChannel = (options, receive) => {
  const native = loadNative();
  const { rawSocket, libc } = native;
  const before = socketDescriptors();
  let socket: { readonly wrap: RawWrap };
  try {
    socket = rawSocket.createSocket({
      protocol: options.protocol,
      addressFamily: options.family === 4 ? rawSocket.AddressFamily.IPv4 : rawSocket.AddressFamily.IPv6,
      bufferSize: packetBytes,
    });
  } catch (error) {
    throw new RawUnavailable(explainOpenFailure(error));
  }
  const fd = newDescriptor(before);
  try {
    if (fd === undefined) throw new RawUnavailable('raw sockets cannot be filtered: /proc is not mounted');
    configure(libc, fd, options);
  } catch (error) {
    socket.wrap.close();
    throw error;
  }
  return new NativeChannel(socket, receive);
};

function explainOpenFailure(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return /not permitted|permission/i.test(text)
    ? 'raw sockets are not permitted: CAP_NET_RAW is missing; run as root, or grant it (systemd: AmbientCapabilities=CAP_NET_RAW; container: --cap-add=NET_RAW; by hand: setcap cap_net_raw+ep on the node binary)'
    : `a raw socket could not be opened: ${text}`;
}

/** Descriptors of sockets that this process has open. raw-socket does not tell which one is its own. */
function socketDescriptors(): Map<number, string> {
  const found = new Map<number, string>();
  for (const name of readdirSync('/proc/self/fd')) {
    try {
      const target = readlinkSync(`/proc/self/fd/${name}`);
      if (target.startsWith('socket:')) found.set(Number(name), target);
    } catch {
      // the descriptor that read the folder itself
    }
  }
  return found;
}

function newDescriptor(before: ReadonlyMap<number, string>): number | undefined {
  const fresh = [...socketDescriptors()].filter(([fd, target]) => before.get(fd) !== target);
  return fresh.length === 1 ? fresh[0]![0] : undefined;
}

function configure(libc: Libc, fd: number, options: ChannelOptions): void {
  if (libc.attachFilter(fd, options.filter) !== 0)
    throw new RawUnavailable(`the kernel refused the packet filter (errno ${String(libc.errno())})`);
  if (options.interface !== undefined) {
    if (!bindToDevice(libc, fd, options.interface)) {
      throw new RawUnavailable(
        `probes cannot leave through interface ${options.interface}: it is not there, or this process may not choose it (errno ${String(libc.errno())})`,
      );
    }
  }
  if (options.source !== undefined) {
    const address = sockaddr(options.family, options.source, 0);
    if (libc.bind(fd, address, address.length) !== 0)
      throw new RawUnavailable(`probes cannot leave from ${options.source}: it is not an address of this machine`);
  }
  if (options.checksumOffset !== undefined) setInt(libc, fd, IPPROTO_IPV6, IPV6_CHECKSUM, options.checksumOffset);
  // More than net.core.rmem_max needs CAP_NET_ADMIN; without it the kernel's limit has to do.
  if (setInt(libc, fd, SOL_SOCKET, SO_RCVBUFFORCE, receiveBufferBytes) !== 0) setInt(libc, fd, SOL_SOCKET, SO_RCVBUF, receiveBufferBytes);
  setInt(libc, fd, SOL_SOCKET, SO_SNDBUFFORCE, receiveBufferBytes);
}

function setInt(libc: Libc, fd: number, level: number, option: number, value: number): number {
  return libc.setsockopt(fd, level, option, Buffer.from(new Int32Array([value]).buffer), 4);
}

class NativeChannel implements RawChannel {
  /** Held for as long as the channel: the native object is weak, and a collected socket silently stops. */
  readonly #socket: { readonly wrap: RawWrap };
  readonly #wrap: RawWrap;
  readonly #receive: Receive;
  readonly #packet = Buffer.allocUnsafe(packetBytes);
  #closed = false;
  #receiving = false;

  constructor(socket: { readonly wrap: RawWrap }, receive: Receive) {
    this.#socket = socket;
    this.#wrap = socket.wrap;
    this.#receive = (packet, bytes, source) => {
      this.#receiving = true;
      receive(packet, bytes, source);
      this.#receiving = false;
    };
    this.#wrap.removeAllListeners('recvReady');
    this.#wrap.on('recvReady', () => {
      this.drain();
    });
    this.#wrap.removeAllListeners('error');
    // An asynchronous error (an ICMP message to this socket) is reported once by the kernel; the next packet is unaffected.
    this.#wrap.on('error', () => undefined);
    this.#wrap.pause(false, true);
  }

  send(packet: Buffer, length: number, address: string): SendResult {
    if (this.#closed) return 'failed';
    try {
      this.#wrap.send(packet, 0, length, address, ignore);
      return 'sent';
    } catch (error) {
      return sendFailure(error);
    }
  }

  drain(limit = drainLimit): void {
    // raw-socket says “nothing left” by throwing; a stack trace for that would cost more than a probe.
    const stackTraceLimit = Error.stackTraceLimit;
    Error.stackTraceLimit = 0;
    try {
      for (let i = 0; i < limit && !this.#closed; i++) this.#wrap.recv(this.#packet, this.#receive);
    } catch (error) {
      // Thrown by the socket it is EAGAIN: all is read. Thrown by the receiver it is a fault of this program.
      if (this.#receiving) throw error;
    } finally {
      Error.stackTraceLimit = stackTraceLimit;
    }
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#socket.wrap.close();
  }
}

const ignore = (): void => undefined;

/** raw-socket gives strerror's text only. */
function sendFailure(error: unknown): SendResult {
  const text = error instanceof Error ? error.message : '';
  if (/buffer space|temporarily unavailable|try again/i.test(text)) return 'busy';
  if (/not permitted|permission denied/i.test(text)) return 'not_permitted';
  if (/network is unreachable|network is down/i.test(text)) return 'net_unreachable';
  if (/no route to host|host is unreachable|host is down/i.test(text)) return 'host_unreachable';
  return 'failed';
}
