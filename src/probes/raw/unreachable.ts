/**
 * What an ICMP “destination unreachable” says of a probe. Sources: RFC 792, RFC 1122 3.2.2.1, RFC 1812 5.2.7.1 (IPv4);
 * RFC 4443 3.1 (IPv6).
 */
import type { Reason } from '../../health/reasons.js';
import type { Family } from '../probe.js';

interface Verdict {
  readonly reason: Reason;
  readonly detail: string;
}

const net = (detail: string): Verdict => ({ reason: 'net_unreachable', detail });
const host = (detail: string): Verdict => ({ reason: 'host_unreachable', detail });
const prohibited = (detail: string): Verdict => ({ reason: 'admin_prohibited', detail });

const ipv4: Readonly<Record<number, Verdict>> = {
  0: net('ICMP network unreachable'),
  1: host('ICMP host unreachable'),
  2: { reason: 'port_unreachable', detail: 'ICMP protocol unreachable' },
  3: { reason: 'port_unreachable', detail: 'ICMP port unreachable' },
  5: host('ICMP source route failed'),
  6: net('ICMP network unknown'),
  7: host('ICMP host unknown'),
  8: host('ICMP source host isolated'),
  9: prohibited('ICMP network administratively prohibited'),
  10: prohibited('ICMP host administratively prohibited'),
  11: net('ICMP network unreachable for this type of service'),
  12: host('ICMP host unreachable for this type of service'),
  13: prohibited('ICMP communication administratively prohibited'),
  14: prohibited('ICMP host precedence violation'),
  15: prohibited('ICMP precedence cutoff'),
};

const ipv6: Readonly<Record<number, Verdict>> = {
  0: net('ICMPv6 no route to destination'),
  1: prohibited('ICMPv6 communication administratively prohibited'),
  2: host('ICMPv6 beyond scope of source address'),
  3: host('ICMPv6 address unreachable'),
  4: { reason: 'port_unreachable', detail: 'ICMPv6 port unreachable' },
  5: prohibited('ICMPv6 source address failed policy'),
  6: net('ICMPv6 reject route to destination'),
};

/** Undefined for codes that are no verdict: “fragmentation needed” (IPv4 code 4) and unassigned ones. */
export function unreachable(family: Family, code: number): Verdict | undefined {
  return (family === 4 ? ipv4 : ipv6)[code];
}
