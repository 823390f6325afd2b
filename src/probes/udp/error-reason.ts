/**
 * What an error of a connected UDP socket says of the backend, or of this machine.
 *
 * The error queue tells the ICMP error itself ({@link icmpEnding}). Where there is none (koffi is missing), the errno has
 * to do: without IP_RECVERR, Linux hands a UDP socket only those ICMP errors that it holds for final (icmp_err_convert in
 * net/ipv4/icmp.c, icmpv6_err_convert in net/ipv6/icmp.c). So the same errno means another thing when it was received
 * (`recvmsg`) than when the kernel refused to bind, connect or send:
 *
 *   errno          received                                        refused by this machine
 *   ECONNREFUSED   port unreachable                                (reported by the next send: the same)
 *   EHOSTUNREACH   IPv4 codes 10, 13, 14, 15: all “prohibited”;    an `unreachable` route
 *                  plain host unreachable (1) is not reported
 *   ENETUNREACH    IPv4 code 9 “network prohibited”, or 6, which   no route
 *                  nobody sends
 *   EACCES         IPv6 codes 1, 5, 6: “prohibited”, policy        a `prohibit` route, a broadcast address
 */
import type { Reason } from '../../health/reasons.js';
import { printable } from '../printable.js';
import type { Family } from '../probe.js';
import { icmp4, icmp6 } from '../raw/numbers.js';
import type { IcmpError } from '../raw/sockets.js';
import { unreachable } from '../raw/unreachable.js';

export interface UdpEnding {
  readonly reason: Reason;
  readonly detail: string;
}

/** Undefined where there is none, or one that is no verdict. */
export function icmpEnding(family: Family, icmp: IcmpError | undefined): UdpEnding | undefined {
  const numbers = family === 4 ? icmp4 : icmp6;
  if (icmp?.type === numbers.unreachable) return unreachable(family, icmp.code);
  if (icmp?.type === numbers.timeExceeded) return { reason: 'host_unreachable', detail: 'ICMP time exceeded: a routing loop' };
  return undefined;
}

/**
 * @param error as Node's dgram gives it, with `code` and `syscall`
 * @returns undefined where the probe goes on
 */
export function udpErrorReason(error: NodeJS.ErrnoException): UdpEnding | undefined {
  const code = error.code ?? '';
  if (wasReceived(error)) {
    // “Fragmentation needed”: the kernel has learned the path's limit, and the next datagram keeps to it.
    if (code === 'EMSGSIZE') return undefined;
    // Anything else that comes from outside must not make a failing backend look like a failing checker.
    return { reason: received[code] ?? 'host_unreachable', detail: received[code] === undefined ? `ICMP error ${code}` : '' };
  }
  if (isSourceMissing(error)) return sourceMissing;
  const reason = local[code];
  if (reason === undefined) return { reason: 'checker_resources', detail: printable(error.message, 80) };
  return { reason, detail: details[code] ?? '' };
}

/** True for an error that somebody on the network reported, false for one of this machine. */
export function wasReceived(error: NodeJS.ErrnoException): boolean {
  return error.syscall === 'recvmsg';
}

const received: Readonly<Record<string, Reason>> = {
  ECONNREFUSED: 'port_unreachable',
  /* “Protocol unreachable”: the host has no UDP at all. */
  ENOPROTOOPT: 'port_unreachable',
  EHOSTUNREACH: 'admin_prohibited',
  ENETUNREACH: 'admin_prohibited',
  EACCES: 'admin_prohibited',
};

const local: Readonly<Record<string, Reason>> = {
  ECONNREFUSED: 'port_unreachable',
  EHOSTUNREACH: 'host_unreachable',
  EHOSTDOWN: 'host_unreachable',
  ENETUNREACH: 'net_unreachable',
  ENETDOWN: 'net_unreachable',
  EACCES: 'checker_permission',
  EPERM: 'checker_permission',
  ENODEV: 'checker_source_missing',
  EADDRNOTAVAIL: 'checker_resources',
  EADDRINUSE: 'checker_resources',
  EMFILE: 'checker_resources',
  ENFILE: 'checker_resources',
  ENOBUFS: 'checker_resources',
  ENOMEM: 'checker_resources',
  EAGAIN: 'checker_resources',
};

const details: Readonly<Record<string, string>> = {
  EPERM: 'a firewall of this machine forbids sending (EPERM)',
  EACCES: 'not permitted by route or policy (EACCES)',
  EADDRNOTAVAIL: 'the address to send from cannot be used (EADDRNOTAVAIL)',
  EADDRINUSE: 'all local ports are in use (EADDRINUSE)',
  EMFILE: 'no file descriptors are left (EMFILE)',
  ENFILE: 'no file descriptors are left on this machine (ENFILE)',
  ENOBUFS: 'no send buffers are left (ENOBUFS)',
  ENODEV: 'the interface is not on this machine (ENODEV)',
};

const sourceMissing: UdpEnding = {
  reason: 'checker_source_missing',
  detail: 'the source address is not an address of this machine (EADDRNOTAVAIL)',
};

/** Binding fails like this when the address is not one of this machine; connecting, when no port is free. */
function isSourceMissing(error: NodeJS.ErrnoException): boolean {
  return error.syscall === 'bind' && error.code === 'EADDRNOTAVAIL';
}
