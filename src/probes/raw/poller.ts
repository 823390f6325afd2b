/**
 * Watches all raw sockets of this process for packets, through a single raw-socket object.
 *
 *   raw socket ─┐
 *   raw socket ─┼─► epoll descriptor ─► poll handle of raw-socket ─► event loop of the main thread
 *   raw socket ─┘
 *
 * raw-socket opens its socket without FD_CLOEXEC and does not report the descriptor. If another thread starts a program at
 * that moment, the program inherits an unfiltered raw socket. So raw-socket opens one socket only, before any program can be
 * started ({@link prepareRawSockets}), and the epoll descriptor takes its place at once (dup3(2)). The sockets of the probes
 * are opened with socket(2), which returns their descriptor and sets FD_CLOEXEC in the same step.
 */
import { arch } from 'node:os';
import { AF_INET } from './addresses.js';
import { loadNative, RawUnavailable, type Libc, type Native, type RawWrap } from './native.js';
import { openFailure, openRawSocket } from './open-socket.js';

const O_CLOEXEC = 0o2000000;
/** A raw socket of this protocol only sends: the kernel never hands it a packet (raw(7)). */
const IPPROTO_RAW = 255;
const SOL_SOCKET = 1;
/** A number that no other socket has (socket(7), since Linux 4.12). */
const SO_COOKIE = 57;
const cookieBytes = 8;
/** Highest limit of open files that Linux allows by default (`fs.nr_open`, proc(5)). */
const mostDescriptors = 1_048_576;

const EPOLLIN = 1;
const EPOLL_CTL_ADD = 1;
const EPOLL_CTL_DEL = 2;
/** Events read in one call; the others stay ready and are read in the next turn. */
const eventsAtOnce = 64;
/** `struct epoll_event`: 32 bits of events, 64 bits of user data. Without padding on x86 only (`__EPOLL_PACKED` of sys/epoll.h). */
const event = ['x64', 'ia32'].includes(arch()) ? { bytes: 12, dataAt: 4 } : { bytes: 16, dataAt: 8 };

export class RawPoller {
  readonly #libc: Libc;
  /** Referenced for as long as the process runs: the native object is weak, and polling stops when it is collected. */
  readonly #wrap: RawWrap;
  /** The epoll descriptor, under the number that raw-socket polls. */
  readonly #epoll: number;
  readonly #readers = new Map<number, () => void>();
  readonly #events = Buffer.alloc(eventsAtOnce * event.bytes);

  /** @throws RawUnavailable when the permission, descriptors or memory are missing */
  constructor({ rawSocket, libc }: Native) {
    this.#libc = libc;
    // A trial first: raw-socket reports failures as text only.
    libc.close(openRawSocket(libc, AF_INET, IPPROTO_RAW));
    const epoll = libc.epollCreate(O_CLOEXEC);
    if (epoll < 0) throw openFailure(libc.errno());
    try {
      const family = rawSocket.AddressFamily.IPv4;
      this.#wrap = rawSocket.createSocket({ protocol: IPPROTO_RAW, addressFamily: family, bufferSize: 1 }).wrap;
      this.#epoll = replaceDescriptor(libc, this.#wrap, epoll);
    } finally {
      libc.close(epoll);
    }
    this.#wrap.removeAllListeners('recvReady');
    this.#wrap.on('recvReady', () => this.#onReady());
    this.#wrap.removeAllListeners('error');
    this.#wrap.on('error', () => undefined);
    this.#poll(false);
  }

  /** Calls `onReadable` whenever packets wait on the socket, until {@link unwatch}. @throws RawUnavailable */
  watch(fd: number, onReadable: () => void): void {
    const added = Buffer.alloc(event.bytes);
    added.writeUInt32LE(EPOLLIN, 0);
    added.writeInt32LE(fd, event.dataAt);
    if (this.#libc.epollControl(this.#epoll, EPOLL_CTL_ADD, fd, added) < 0) throw openFailure(this.#libc.errno());
    this.#readers.set(fd, onReadable);
    if (this.#readers.size === 1) this.#poll(true);
  }

  /** To be called before the descriptor is closed: another socket may get its number. */
  unwatch(fd: number): void {
    if (!this.#readers.delete(fd)) return;
    this.#libc.epollControl(this.#epoll, EPOLL_CTL_DEL, fd, this.#events);
    if (this.#readers.size === 0) this.#poll(false);
  }

  /** A handle that polls keeps the process alive; one that does not poll lets it end. */
  #poll(isOn: boolean): void {
    this.#wrap.pause(!isOn, true);
  }

  #onReady(): void {
    const count = this.#libc.epollWait(this.#epoll, this.#events, eventsAtOnce, 0);
    for (let i = 0; i < count; i++) {
      // A reader may close other sockets; they are no longer in the map then.
      this.#readers.get(this.#events.readInt32LE(i * event.bytes + event.dataAt))?.();
    }
  }
}

/** Puts `fd` in the place of the socket of `wrap`. @returns the descriptor that both now are @throws RawUnavailable */
function replaceDescriptor(libc: Libc, wrap: RawWrap, fd: number): number {
  try {
    const place = descriptorOf(libc, wrap);
    if (libc.dup3(fd, place, O_CLOEXEC) < 0) throw openFailure(libc.errno());
    return place;
  } catch (error) {
    wrap.close();
    throw error;
  }
}

/**
 * The descriptor of raw-socket's object: the one socket that has the same cookie.
 *
 * @throws RawUnavailable when the kernel is older than 4.12
 */
function descriptorOf(libc: Libc, wrap: RawWrap): number {
  const wanted = Buffer.alloc(cookieBytes);
  try {
    wrap.getOption(SOL_SOCKET, SO_COOKIE, wanted, cookieBytes);
  } catch (error) {
    throw new RawUnavailable(`raw sockets cannot be identified (SO_COOKIE, Linux 4.12 or newer is needed): ${String(error)}`);
  }
  const found = Buffer.alloc(cookieBytes);
  for (let fd = 0; fd < mostDescriptors; fd++) {
    const length = new Uint32Array([cookieBytes]);
    if (libc.getsockopt(fd, SOL_SOCKET, SO_COOKIE, found, length) === 0 && found.equals(wanted)) return fd;
  }
  throw new RawUnavailable('the descriptor of a raw socket was not found');
}

let shared: RawPoller | undefined;

/** The poller of this process. @throws RawUnavailable */
export function rawPoller(native: Native): RawPoller {
  return (shared ??= new RawPoller(native));
}

/**
 * Creates the poller now, if this process may open raw sockets. A process that starts programs from several threads calls
 * this before the first of them: see the top of this file.
 *
 * @throws CodedError machine_shortage; later would be too late
 */
export function prepareRawSockets(): void {
  try {
    rawPoller(loadNative());
  } catch (error) {
    if (!(error instanceof RawUnavailable)) throw error;
    error.throwIfShortage();
  }
}
