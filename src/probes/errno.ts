/**
 * What an error of a stream socket says of the backend, and what of this machine. For every kind that uses TCP
 * through the kernel's own sockets (http, https, tcp by connect).
 */
import type { Reason } from '../health/reasons.js';
import type { Family } from './probe.js';

/** How a probe ends for an error: a reason, and a detail where the reason does not say all. */
export interface ErrnoVerdict {
  readonly reason: Reason;
  readonly detail: string;
}

const plain = (reason: Reason): ErrnoVerdict => ({ reason, detail: '' });

const verdicts: Readonly<Record<string, ErrnoVerdict>> = {
  ECONNREFUSED: plain('connect_refused'),
  ECONNRESET: plain('connect_reset'),
  ECONNABORTED: plain('connect_reset'),
  ETIMEDOUT: { reason: 'connect_timeout', detail: 'this machine’s kernel gave up' },
  EHOSTUNREACH: plain('host_unreachable'),
  EHOSTDOWN: plain('host_unreachable'),
  ENETUNREACH: plain('net_unreachable'),
  ENETDOWN: plain('net_unreachable'),
  // ICMP protocol unreachable: the host is there and does not speak TCP.
  ENOPROTOOPT: { reason: 'connect_refused', detail: 'ICMP protocol unreachable' },
  EPIPE: { reason: 'send_failed', detail: 'the backend had closed the connection' },
  EMFILE: { reason: 'checker_resources', detail: 'this process has no free descriptor (EMFILE)' },
  ENFILE: { reason: 'checker_resources', detail: 'this machine has no free descriptor (ENFILE)' },
  ENOBUFS: { reason: 'checker_resources', detail: 'this machine has no free buffer (ENOBUFS)' },
  ENOMEM: { reason: 'checker_resources', detail: 'this machine has no free memory (ENOMEM)' },
  ENODEV: { reason: 'checker_source_missing', detail: 'the interface is not on this machine (ENODEV)' },
  // Binding to any free port of a source address says this; connecting without one says EADDRNOTAVAIL.
  EADDRINUSE: { reason: 'checker_resources', detail: 'no free source port (EADDRINUSE)' },
};

const portsUsedUp: ErrnoVerdict = { reason: 'checker_resources', detail: 'no free source port (EADDRNOTAVAIL)' };
const sourceMissing: ErrnoVerdict = {
  reason: 'checker_source_missing',
  detail: 'the source address is not an address of this machine (EADDRNOTAVAIL)',
};
const forbiddenHere: ErrnoVerdict = { reason: 'checker_permission', detail: 'a firewall on this machine forbids sending' };

/**
 * Source: connect(2), ip(7) and ipv6(7) of Linux; which ICMP error becomes which errno is in the kernel's
 * `icmp_err_convert` and `icmpv6_err_convert`.
 *
 * @param code as Node gives it in `error.code`
 * @param family an ICMPv6 "administratively prohibited" arrives as EACCES; on IPv4 EACCES and EPERM are local refusals
 * @param sourceGiven whether the socket was bound to a configured source address
 * @param syscall as Node gives it in `error.syscall`; where it is known, only a failed `bind` blames the source address
 */
export function verdictOfErrno(code: string | undefined, family: Family, sourceGiven: boolean, syscall?: string): ErrnoVerdict {
  switch (code) {
    case 'EADDRNOTAVAIL':
      return sourceGiven && syscall !== 'connect' ? sourceMissing : portsUsedUp;
    case 'EACCES':
      return family === 6 ? plain('admin_prohibited') : forbiddenHere;
    case 'EPERM':
      return forbiddenHere;
    default:
      // What nobody foresaw must not be held against the backend (invariant 1).
      return verdicts[code ?? ''] ?? { reason: 'checker_resources', detail: `unexpected error ${code ?? 'without a code'}` };
  }
}
