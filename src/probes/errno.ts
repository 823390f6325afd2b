/**
 * What an error of a stream socket says of the backend, and what of this machine. For every kind that uses TCP
 * through the kernel's own sockets (http, https, tcp by connect).
 */
import type { Reason } from '../health/reasons.js';
import { addressNotAvailable, machineHasAddress, ownError, ownErrors, type ErrnoVerdict } from './own-errors.js';
import type { Family } from './probe.js';

export type { ErrnoVerdict } from './own-errors.js';

const plain = (reason: Reason): ErrnoVerdict => ({ reason, detail: '' });

/** Errors of a connection, which the backend or the network brought about. */
const verdicts: Readonly<Record<string, ErrnoVerdict>> = {
  ECONNREFUSED: plain('connect_refused'),
  ECONNRESET: plain('connect_reset'),
  ECONNABORTED: plain('connect_reset'),
  ETIMEDOUT: { reason: 'connect_timeout', detail: 'this machine’s kernel gave up' },
  // ICMP protocol unreachable: the host is there and does not speak TCP.
  ENOPROTOOPT: { reason: 'connect_refused', detail: 'ICMP protocol unreachable' },
  EPIPE: { reason: 'send_failed', detail: 'the backend had closed the connection' },
};

/** While the socket is prepared it is this machine that refuses; later, over IPv6, it may be a firewall on the way. */
function verdictOfEacces(family: Family, syscall: string | undefined): ErrnoVerdict {
  const own = ownError('EACCES', syscall)!;
  return family === 6 && own === ownErrors.EACCES ? plain('admin_prohibited') : own;
}

/**
 * Source: connect(2), ip(7) and ipv6(7) of Linux; which ICMP error becomes which errno is in the kernel's
 * `icmp_err_convert` and `icmpv6_err_convert`. A connection that this machine's own firewall drops or rejects does not
 * show as an errno of its own: see raw/own-refusal.ts.
 *
 * @param code as Node gives it in `error.code`
 * @param family an ICMPv6 "administratively prohibited" arrives as EACCES, as a `prohibit` route does; on IPv4 only the latter
 * @param sourceGiven whether the socket was bound to a configured source address
 * @param syscall as Node gives it in `error.syscall`; where it is known, only a failed `bind` blames the source address
 * @param hasAddress whether this machine has an address of the family to send from
 */
export function verdictOfErrno(
  code: string | undefined,
  family: Family,
  sourceGiven: boolean,
  syscall?: string,
  hasAddress: (family: Family) => boolean = machineHasAddress,
): ErrnoVerdict {
  switch (code) {
    case 'EADDRNOTAVAIL':
      return addressNotAvailable(family, sourceGiven && syscall !== 'connect', hasAddress(family));
    case 'EACCES':
      return verdictOfEacces(family, syscall);
    default:
      // What nobody foresaw must not be held against the backend (invariant 1).
      return (
        verdicts[code ?? ''] ??
        ownError(code, syscall) ?? { reason: 'checker_resources', detail: `unexpected error ${code ?? 'without a code'}` }
      );
  }
}
