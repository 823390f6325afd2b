/**
 * What an error means that this machine itself reports for something it was asked to do: to open, bind, connect or send.
 * One table for every kind of probe; docs/errno.md shows it. An error that is not listed, or that the network
 * reported, is the business of the kind: errno.ts (streams), udp/error-reason.ts, raw/unreachable.ts.
 */
import { networkInterfaces } from 'node:os';
import type { Reason } from '../health/reasons.js';
import type { Family } from './probe.js';

/** How a probe ends for an error: a reason, and a detail where the reason does not say all. */
export interface ErrnoVerdict {
  readonly reason: Reason;
  readonly detail: string;
}

const permission = (detail: string): ErrnoVerdict => ({ reason: 'checker_permission', detail });
const resources = (detail: string): ErrnoVerdict => ({ reason: 'checker_resources', detail });
const sourceMissing = (detail: string): ErrnoVerdict => ({ reason: 'checker_source_missing', detail });

/** Sources: connect(2), send(2), ip(7), ipv6(7), and fib_props in net/ipv4/fib_semantics.c of Linux for the routes. */
export const ownErrors = {
  EPERM: permission('a firewall on this machine forbids sending (EPERM)'),
  EACCES: permission('a route on this machine prohibits the address (EACCES), or it is a broadcast address'),
  EINVAL: permission('a blackhole route on this machine covers the address, or a link-local address has no interface (EINVAL)'),
  ENODEV: sourceMissing('the interface is not on this machine (ENODEV)'),
  ENXIO: sourceMissing('the interface is not on this machine (ENXIO)'),
  EAFNOSUPPORT: sourceMissing('this machine does not support the IP version (EAFNOSUPPORT)'),
  EHOSTUNREACH: { reason: 'host_unreachable', detail: '' },
  EHOSTDOWN: { reason: 'host_unreachable', detail: '' },
  ENETUNREACH: { reason: 'net_unreachable', detail: '' },
  ENETDOWN: { reason: 'net_unreachable', detail: 'the interface toward the backend is down (ENETDOWN)' },
  // Binding to any free port of a source address says this; connecting without one says EADDRNOTAVAIL.
  EADDRINUSE: resources('no free source port (EADDRINUSE)'),
  EMFILE: resources('this process has no free descriptor (EMFILE)'),
  ENFILE: resources('this machine has no free descriptor (ENFILE)'),
  ENOBUFS: resources('this machine has no free buffer (ENOBUFS)'),
  ENOMEM: resources('this machine has no free memory (ENOMEM)'),
  EAGAIN: resources('the send buffer is full (EAGAIN)'),
} as const satisfies Readonly<Record<string, ErrnoVerdict>>;

/** What EPERM and EACCES mean before anything is sent. */
const forbidden: Readonly<Record<string, ErrnoVerdict>> = {
  setsockopt: permission('this process may not choose the interface of its sockets; grant CAP_NET_RAW'),
  socket: permission('this process may not open the socket'),
  bind: permission('this process may not bind to the source address'),
};

/**
 * @param syscall that reported the error; undefined or another than those that prepare a socket: connect, send
 * @returns undefined if the error is not one of this machine, or depends on more than its name (EADDRNOTAVAIL)
 */
export function ownError(code: string | undefined, syscall?: string): ErrnoVerdict | undefined {
  if ((code === 'EPERM' || code === 'EACCES') && syscall !== undefined && syscall in forbidden) return forbidden[syscall];
  return (ownErrors as Readonly<Record<string, ErrnoVerdict>>)[code ?? ''];
}

/**
 * EADDRNOTAVAIL has three causes: the address to bind is not on this machine; no port is free; or, over IPv6, a route
 * leads to the backend but no address is there to leave from (IPv6 disabled on the interface, the address gone).
 *
 * @param bound whether a configured source address was the problem
 * @param hasAddress whether this machine has an address of the family besides loopback and link-local ones
 */
export function addressNotAvailable(family: Family, bound: boolean, hasAddress: boolean): ErrnoVerdict {
  if (bound) return sourceMissing('the source address is not an address of this machine (EADDRNOTAVAIL)');
  if (hasAddress) return resources('no free source port (EADDRNOTAVAIL)');
  return sourceMissing(`this machine has no IPv${family} address to send from: is IPv${family} disabled? (EADDRNOTAVAIL)`);
}

/** Whether an interface has an address of the family, besides loopback and link-local ones. Asks the kernel. */
export function machineHasAddress(family: Family): boolean {
  const entries = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return entries.some((entry) => entry.family === `IPv${family}` && !entry.internal && !/^fe[89ab]/.test(entry.address));
}
