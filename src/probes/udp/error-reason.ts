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
 *
 * What this machine itself refuses is the same for all kinds: own-errors.ts.
 */
import type { Reason } from '../../health/reasons.js';
import { addressNotAvailable, machineHasAddress, ownError } from '../own-errors.js';
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
 * @param hasAddress whether this machine has an address of the family to send from
 * @returns undefined where the probe goes on
 */
export function udpErrorReason(
  error: NodeJS.ErrnoException,
  family: Family,
  hasAddress: (family: Family) => boolean = machineHasAddress,
): UdpEnding | undefined {
  const code = error.code ?? '';
  if (wasReceived(error)) {
    // “Fragmentation needed”: the kernel has learned the path's limit, and the next datagram keeps to it.
    if (code === 'EMSGSIZE') return undefined;
    // Anything else that comes from outside must not make a failing backend look like a failing checker.
    return { reason: received[code] ?? 'host_unreachable', detail: received[code] === undefined ? `ICMP error ${code}` : '' };
  }
  // Reported by the next send, where the error queue is not read.
  if (code === 'ECONNREFUSED') return { reason: 'port_unreachable', detail: '' };
  if (code === 'EADDRNOTAVAIL') return addressNotAvailable(family, error.syscall === 'bind', hasAddress(family));
  return ownError(code, error.syscall) ?? { reason: 'checker_resources', detail: printable(error.message, 80) };
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
