/**
 * Ordinary sockets with options that Node does not know; it takes a descriptor that libc opened.
 *
 * SO_BINDTODEVICE: leave through one network interface. Linux lets any process bind a fresh socket to a device (since 5.7); before, CAP_NET_RAW is needed.
 */
import { getSystemErrorName } from 'node:util';
import { messageOf } from '../../message-of.js';
import type { Family } from '../probe.js';
import { AF_INET, AF_INET6, sockaddr } from './addresses.js';
import { loadLibc, type Libc } from './native.js';

const socketType = { stream: 1, datagram: 2 } as const;
const SOCK_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const SO_BINDTODEVICE = 25;
const IPPROTO_IP = 0;
const IP_RECVERR = 11;
const IPPROTO_IPV6 = 41;
const IPV6_RECVERR = 25;

/**
 * @returns the descriptor of a socket that is bound to the interface and to nothing else yet; whoever takes it closes it
 * @throws Error with one sentence where that cannot be
 */
export function openDeviceSocket(family: Family, type: keyof typeof socketType, device: string): number {
  const libc = loadLibc();
  if (libc === undefined)
    throw new Error(`probes cannot leave through interface ${device}: the package koffi does not work on this machine`);
  const fd = openSocket(libc, family, type);
  if (bindToDevice(libc, fd, device)) return fd;
  const { code } = systemError(libc, 'setsockopt') as NodeJS.ErrnoException;
  libc.close(fd);
  throw Object.assign(new Error(whyNotBound(device, String(code))), { code, syscall: 'setsockopt' });
}

/** @param code of the error with which the kernel refused to bind a socket to the interface */
export function whyNotBound(device: string, code: string): string {
  const cause = code === 'ENODEV' ? 'it is not on this machine' : 'this process may not choose it; grant CAP_NET_RAW';
  return `probes cannot leave through interface ${device}: ${cause} (${code})`;
}

/** Returns false where the kernel refuses; `errno` says why. */
export function bindToDevice(libc: Libc, fd: number, device: string): boolean {
  const name = Buffer.from(`${device}\0`);
  return libc.setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name, name.length) === 0;
}

/**
 * Why this process may not choose the interface of its sockets, as one sentence; undefined when it may. An interface that
 * is not there is no problem: it may come.
 */
export function deviceProblem(device: string): string | undefined {
  try {
    loadLibc()?.close(openDeviceSocket(4, 'datagram', device));
    return undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENODEV') return undefined;
    return messageOf(error);
  }
}

/** An ICMP error as the kernel's error queue tells it. */
export interface IcmpError {
  readonly type: number;
  readonly code: number;
  /** The host or router that sent it, as `addressKey` spells it; undefined where the kernel does not say. */
  readonly sender?: string | undefined;
}

/** The UDP sockets of the probes, as {@link datagramSockets} opens them. */
export interface DatagramSockets {
  /**
   * A socket bound to `source` or to any address, to `device` where that is given, and to a free port, which is told
   * of every ICMP error about its datagrams (ip(7), IP_RECVERR). Without that, Linux keeps “host unreachable” to
   * itself, and a backend that is gone would pass by its silence.
   *
   * @returns its descriptor; it belongs to the caller
   * @throws an error with `code` and `syscall`, as Node's own
   */
  open(family: Family, source: string | undefined, device: string | undefined): number;
  /** The ICMP error that the socket has just reported; undefined where it was none. */
  icmpError(fd: number, family: Family): IcmpError | undefined;
}

/** Undefined where koffi does not work: Node's own sockets have to do then. */
export function datagramSockets(): DatagramSockets | undefined {
  const libc = loadLibc();
  if (libc === undefined) return undefined;
  const control = Buffer.alloc(256);
  return {
    open(family, source, device) {
      const fd = device === undefined ? openSocket(libc, family, 'datagram') : openDeviceSocket(family, 'datagram', device);
      const [level, option] = family === 4 ? [IPPROTO_IP, IP_RECVERR] : [IPPROTO_IPV6, IPV6_RECVERR];
      libc.setsockopt(fd, level, option, Buffer.from(new Int32Array([1]).buffer), 4);
      const address = sockaddr(family, source ?? (family === 4 ? '0.0.0.0' : '::'), 0);
      if (libc.bind(fd, address, address.length) === 0) return fd;
      const error = systemError(libc, 'bind');
      libc.close(fd);
      throw error;
    },
    icmpError(fd, family) {
      const bytes = libc.receiveError(fd, control);
      const [origin, type, code] = control.subarray(extendedErrorAt + 4);
      if (bytes < extendedErrorAt + extendedErrorBytes || origin !== (family === 4 ? originIcmp : originIcmp6)) return undefined;
      return { type: type!, code: code!, sender: senderOf(control.subarray(0, bytes)) };
    },
  };
}

/**
 * A control message is a header of 16 bytes, then `struct sock_extended_err`: errno, origin, type, code, padding, two
 * numbers; behind it the sender of the error as a sockaddr (ip(7), SO_EE_OFFENDER).
 */
const extendedErrorAt = 16;
const extendedErrorBytes = 16;
const senderAt = extendedErrorAt + extendedErrorBytes;
const originIcmp = 2;
const originIcmp6 = 3;

/** Where the address lies in sockaddr_in and sockaddr_in6, and how long it is; by address family. */
const addressIn: Readonly<Record<number, { readonly at: number; readonly bytes: number }>> = {
  [AF_INET]: { at: 4, bytes: 4 },
  [AF_INET6]: { at: 8, bytes: 16 },
};

function senderOf(control: Buffer): string | undefined {
  const place =
    control.length < senderAt + 2
      ? undefined
      : addressIn[new Uint16Array(Uint8Array.from(control.subarray(senderAt, senderAt + 2)).buffer)[0]!];
  if (place === undefined || control.length < senderAt + place.at + place.bytes) return undefined;
  return control.toString('hex', senderAt + place.at, senderAt + place.at + place.bytes);
}

/** @throws an error with `code` and `syscall`, as Node's own */
function openSocket(libc: Libc, family: Family, type: keyof typeof socketType): number {
  const fd = libc.socket(family === 4 ? AF_INET : AF_INET6, socketType[type] | SOCK_CLOEXEC, 0);
  if (fd < 0) throw systemError(libc, 'socket');
  return fd;
}

function systemError(libc: Libc, syscall: string): Error {
  const code = getSystemErrorName(-libc.errno());
  return Object.assign(new Error(`${syscall} ${code}`), { code, syscall });
}
