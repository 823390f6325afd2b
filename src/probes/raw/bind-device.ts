/**
 * Ordinary sockets that leave through one network interface. Node has no SO_BINDTODEVICE, but takes a descriptor that
 * libc opened and bound. Linux lets any process bind a fresh socket to a device (since 5.7); before, CAP_NET_RAW is needed.
 */
import { getSystemErrorName } from 'node:util';
import type { Family } from '../probe.js';
import { AF_INET, AF_INET6, sockaddr } from './addresses.js';
import { loadLibc, type Libc } from './native.js';

const socketType = { stream: 1, datagram: 2 } as const;
const SOCK_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const SO_BINDTODEVICE = 25;

/**
 * @returns the descriptor of a socket that is bound to the interface and to nothing else yet; whoever takes it closes it
 * @throws Error with one sentence where that cannot be
 */
export function openDeviceSocket(family: Family, type: keyof typeof socketType, device: string): number {
  const libc = loadLibc();
  if (libc === undefined)
    throw new Error(`probes cannot leave through interface ${device}: the package koffi does not work on this machine`);
  const fd = libc.socket(family === 4 ? AF_INET : AF_INET6, socketType[type] | SOCK_CLOEXEC, 0);
  if (fd < 0) throw new Error(`no socket could be opened (errno ${String(libc.errno())})`);
  if (bindToDevice(libc, fd, device)) return fd;
  const errno = libc.errno();
  libc.close(fd);
  throw new Error(
    `probes cannot leave through interface ${device}: it is not there, or this process may not choose it (errno ${String(errno)})`,
  );
}

/** Returns false where the kernel refuses; `errno` says why. */
export function bindToDevice(libc: Libc, fd: number, device: string): boolean {
  const name = Buffer.from(`${device}\0`);
  return libc.setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name, name.length) === 0;
}

/** Why ordinary sockets cannot leave through an interface, as one sentence; undefined where they can. */
export function deviceProblem(device: string): string | undefined {
  try {
    loadLibc()?.close(openDeviceSocket(4, 'datagram', device));
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/**
 * A UDP socket that leaves through an interface, bound to `source` or to any address, and to a free port.
 *
 * @returns its descriptor
 * @throws an error with `code` and `syscall`, as Node's own
 */
export function openDeviceDatagram(family: Family, source: string | undefined, device: string): number {
  const fd = openDeviceSocket(family, 'datagram', device);
  const libc = loadLibc()!;
  const address = sockaddr(family, source ?? (family === 4 ? '0.0.0.0' : '::'), 0);
  if (libc.bind(fd, address, address.length) === 0) return fd;
  const code = getSystemErrorName(-libc.errno());
  libc.close(fd);
  throw Object.assign(new Error(`bind ${code} ${source ?? device}`), { code, syscall: 'bind' });
}
