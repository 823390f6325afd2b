/**
 * The two native packages behind raw sockets, loaded when first needed and never required: `raw-socket`
 * connects sockets to the event loop (poller.ts; it is compiled at install, and may be missing where there was no
 * compiler), `koffi` calls libc for what raw-socket has no way to do (opening with SOCK_CLOEXEC, kernel filter, binding).
 */
import { createRequire } from 'node:module';
import { CodedError, shortageOf } from '../../errors.js';

/** raw-socket's native object. */
export interface RawWrap {
  on(event: 'recvReady' | 'sendReady' | 'error' | 'close', listener: (error?: Error) => void): void;
  removeAllListeners(event: string): void;
  pause(recv: boolean, send: boolean): void;
  /** getsockopt. @throws Error with the text of strerror */
  getOption(level: number, option: number, value: Buffer, length: number): number;
  close(): void;
}

interface RawSocketModule {
  createSocket(options: { protocol: number; addressFamily: number; bufferSize: number }): { readonly wrap: RawWrap };
  readonly AddressFamily: { readonly IPv4: number; readonly IPv6: number };
}

/** The calls of libc that are needed, by koffi. All return -1 and set errno on failure. */
export interface Libc {
  setsockopt(fd: number, level: number, option: number, value: Buffer, length: number): number;
  /** @param length how much room `value` has; set to how much of it was filled */
  getsockopt(fd: number, level: number, option: number, value: Buffer, length: Uint32Array): number;
  send(fd: number, data: Buffer, length: number, flags: number): number;
  /** recv. @returns how many bytes; -1 and errno EAGAIN when there are none and MSG_DONTWAIT is set */
  receive(fd: number, into: Buffer, length: number, flags: number): number;
  /** CLOCK_REALTIME as two 64-bit numbers: seconds and nanoseconds. */
  realTime(into: BigInt64Array): number;
  /** SO_ATTACH_FILTER: a sock_fprog whose pointer koffi fills in. */
  attachFilter(fd: number, program: Buffer): number;
  bind(fd: number, address: Buffer, length: number): number;
  connect(fd: number, address: Buffer, length: number): number;
  getsockname(fd: number, address: Buffer, length: Uint32Array): number;
  /** sendmmsg: `count` mmsghdr. Returns how many were sent, -1 where the first was not. */
  sendMessages(fd: number, headers: Buffer, count: number): number;
  /** recvmmsg without waiting. Returns how many were received, -1 where there was none. */
  receiveMessages(fd: number, headers: Buffer, count: number): number;
  readonly messageLayout: MessageLayout;
  /** Where a buffer of more than 64 bytes lies; whoever writes that down keeps the buffer. */
  addressOf(memory: Buffer): bigint;
  /** recvmsg with MSG_ERRQUEUE: fills `control`. Returns how many bytes of it, -1 where the queue is empty. */
  receiveError(fd: number, control: Buffer): number;
  socket(domain: number, type: number, protocol: number): number;
  close(fd: number): number;
  /** Makes `to` refer to what `from` refers to, and closes what `to` was before. */
  dup3(from: number, to: number, flags: number): number;
  /** epoll_create1 */
  epollCreate(flags: number): number;
  /** epoll_ctl. @param event a `struct epoll_event` */
  epollControl(epoll: number, operation: number, fd: number, event: Buffer): number;
  /** epoll_wait. Fills `events`, at most `most` of them. @returns how many */
  epollWait(epoll: number, events: Buffer, most: number, timeoutMs: number): number;
  errno(): number;
}

/** Where the members of mmsghdr and iovec lie on this machine, bytes. */
export interface MessageLayout {
  /** Of a pointer, and of size_t. */
  readonly wordBytes: number;
  readonly headerBytes: number;
  readonly name: number;
  readonly nameLength: number;
  readonly vectors: number;
  readonly vectorCount: number;
  readonly control: number;
  readonly controlLength: number;
  /** Of the message, as received or sent. */
  readonly length: number;
  readonly vectorBytes: number;
  readonly vectorBase: number;
  readonly vectorLength: number;
}

export interface Native {
  readonly rawSocket: RawSocketModule;
  readonly libc: Libc;
}

/** Why raw sockets cannot be used on this machine, as one sentence that says what to do. */
export class RawUnavailable extends Error {
  override readonly name = 'RawUnavailable';

  /** @param reason how probes end that need the socket */
  constructor(
    message: string,
    readonly reason: 'checker_permission' | 'checker_source_missing' | 'checker_resources' = 'checker_permission',
  ) {
    super(message);
  }

  /** A shortage of the machine passes: it says nothing about what this machine can do. @throws CodedError machine_shortage */
  throwIfShortage(): void {
    if (this.reason === 'checker_resources') throw new CodedError('machine_shortage', this.message);
  }
}

let loaded: Native | RawUnavailable | undefined;

/**
 * @throws RawUnavailable where one of the packages is not there or does not work on this machine
 * @throws CodedError machine_shortage
 */
export function loadNative(): Native {
  loaded ??= tryLoad();
  if (loaded instanceof RawUnavailable) throw loaded;
  return loaded;
}

function tryLoad(): Native | RawUnavailable {
  const require = createRequire(import.meta.url);
  let rawSocket: RawSocketModule;
  try {
    rawSocket = require('raw-socket') as RawSocketModule;
  } catch (error) {
    const shortage = shortageOf(error);
    if (shortage !== undefined) throw new CodedError('machine_shortage', `the package raw-socket could not be loaded: ${shortage}`);
    return new RawUnavailable(
      'raw sockets are missing: the package raw-socket could not be compiled at install; install a C++ compiler, make and python3 (Debian: apt-get install g++ make python3), then run `npm ci`',
    );
  }
  const libc = loadLibc();
  return libc === undefined
    ? new RawUnavailable(
        'raw sockets cannot be filtered: the package koffi does not work on this machine (it needs Linux with glibc or musl on a common processor)',
      )
    : { rawSocket, libc };
}

let libcLoaded: { libc: Libc | undefined } | undefined;

/** libc by koffi; undefined where koffi does not work on this machine. */
export function loadLibc(): Libc | undefined {
  libcLoaded ??= { libc: tryLoadLibc() };
  return libcLoaded.libc;
}

interface Koffi {
  load(path: string | null): { func(prototype: string): (...args: unknown[]) => number };
  struct(name: string, members: Record<string, string>): unknown;
  sizeof(type: string): number;
  offsetof(type: string, member: string): number;
  address(memory: Buffer): bigint;
  errno(): number;
}

function defineStructs(koffi: Koffi): void {
  koffi.struct('vitald_sock_fprog', { len: 'uint16_t', filter: 'void *' });
  koffi.struct('vitald_iovec', { base: 'void *', length: 'size_t' });
  koffi.struct('vitald_msghdr', {
    name: 'void *',
    namelen: 'uint32_t',
    iov: 'vitald_iovec *',
    iovlen: 'size_t',
    control: 'void *',
    controllen: 'size_t',
    flags: 'int',
  });
  koffi.struct('vitald_mmsghdr', { header: 'vitald_msghdr', length: 'unsigned int' });
}

function tryLoadLibc(): Libc | undefined {
  try {
    const module = createRequire(import.meta.url)('koffi') as Koffi & { default?: Koffi };
    const koffi = module.default ?? module;
    const lib = koffi.load(null);
    defineStructs(koffi);
    const recvmmsg = lib.func('int recvmmsg(int fd, void *messages, unsigned int count, int flags, void *timeout)');
    const MSG_DONTWAIT = 0x40;
    const sendmmsg = lib.func('int sendmmsg(int fd, void *messages, unsigned int count, int flags)');
    const recvmsg = lib.func('int64_t recvmsg(int fd, _Inout_ vitald_msghdr *message, int flags)');
    const MSG_ERRQUEUE = 0x2000;
    const clockGetTime = lib.func('int clock_gettime(int clock, void *time)');
    const CLOCK_REALTIME = 0;
    const attach = lib.func('int setsockopt(int fd, int level, int option, const vitald_sock_fprog *program, uint32_t length)');
    const filterOption = { level: 1, attach: 26, programBytes: 16, instructionBytes: 8 };
    return {
      setsockopt: lib.func('int setsockopt(int fd, int level, int option, const void *value, uint32_t length)'),
      getsockopt: lib.func('int getsockopt(int fd, int level, int option, void *value, uint32_t *length)'),
      send: lib.func('int64_t send(int fd, const void *data, size_t length, int flags)'),
      receive: lib.func('int64_t recv(int fd, void *into, size_t length, int flags)'),
      realTime: (into) => clockGetTime(CLOCK_REALTIME, into),
      attachFilter: (fd, program) =>
        attach(
          fd,
          filterOption.level,
          filterOption.attach,
          { len: program.length / filterOption.instructionBytes, filter: program },
          filterOption.programBytes,
        ),
      sendMessages: (fd, headers, count) => sendmmsg(fd, headers, count, 0),
      receiveMessages: (fd, headers, count) => recvmmsg(fd, headers, count, MSG_DONTWAIT, null),
      messageLayout: {
        wordBytes: koffi.sizeof('void *'),
        headerBytes: koffi.sizeof('vitald_mmsghdr'),
        name: koffi.offsetof('vitald_msghdr', 'name'),
        nameLength: koffi.offsetof('vitald_msghdr', 'namelen'),
        vectors: koffi.offsetof('vitald_msghdr', 'iov'),
        vectorCount: koffi.offsetof('vitald_msghdr', 'iovlen'),
        control: koffi.offsetof('vitald_msghdr', 'control'),
        controlLength: koffi.offsetof('vitald_msghdr', 'controllen'),
        length: koffi.offsetof('vitald_mmsghdr', 'length'),
        vectorBytes: koffi.sizeof('vitald_iovec'),
        vectorBase: koffi.offsetof('vitald_iovec', 'base'),
        vectorLength: koffi.offsetof('vitald_iovec', 'length'),
      },
      addressOf: (memory) => koffi.address(memory),
      receiveError(fd, control) {
        const message = { name: null, namelen: 0, iov: null, iovlen: 0, control, controllen: control.length, flags: 0 };
        return recvmsg(fd, message, MSG_ERRQUEUE) < 0 ? -1 : message.controllen;
      },
      bind: lib.func('int bind(int fd, const void *address, uint32_t length)'),
      connect: lib.func('int connect(int fd, const void *address, uint32_t length)'),
      getsockname: lib.func('int getsockname(int fd, void *address, uint32_t *length)'),
      socket: lib.func('int socket(int domain, int type, int protocol)'),
      close: lib.func('int close(int fd)'),
      dup3: lib.func('int dup3(int from, int to, int flags)'),
      epollCreate: lib.func('int epoll_create1(int flags)'),
      epollControl: lib.func('int epoll_ctl(int epoll, int operation, int fd, void *event)'),
      epollWait: lib.func('int epoll_wait(int epoll, void *events, int most, int timeout)'),
      errno: () => koffi.errno(),
    };
  } catch {
    return undefined;
  }
}
