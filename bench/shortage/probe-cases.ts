/** Every kind of probe that is measured under a shortage, and the ways in which its backends fail. */

/**
 * How a backend fails.
 * - `dropped`: a firewall drops every packet to its address.
 * - `mute`: its service accepts connections and requests, and never answers.
 * - `stalled`: its service accepts connections, and does not begin a TLS handshake.
 * - `closed`: its UDP port is closed, so that its kernel answers by ICMP port unreachable.
 */
export type FaultWay = 'dropped' | 'mute' | 'stalled' | 'closed';

export type ServiceKind = 'tcp' | 'udp' | 'http' | 'https' | 'none';

export type Family = 4 | 6;

export interface ProbeCase {
  /** Unique, as shown in the document. */
  readonly name: string;
  readonly family: Family;
  /** What runs on the backends; ping needs no service. */
  readonly service: ServiceKind;
  /** Protocol of vitald's listener. */
  readonly protocol: 'tcp' | 'udp' | 'http' | 'https';
  /** Options of the check in vitald's own words. */
  readonly check: Readonly<Record<string, unknown>>;
  /** Faults take them in turn. */
  readonly ways: readonly FaultWay[];
  /** Backends of this kind, as a share of those of other kinds. */
  readonly share: number;
  /** The check of HAProxy that corresponds; undefined if it has none. */
  readonly haproxy?: 'tcp' | 'http' | 'https';
}

/** A TLS handshake takes so much processor time that as many as of other probes would overload the machine. */
const httpsShare = 0.5;

const udpEcho = { send: 'text:ping', expect: 'text:pong' };

export const probeCases: readonly ProbeCase[] = [
  tcp('tcp half-open, IPv4', 4, 'syn'),
  tcp('tcp half-open, IPv6', 6, 'syn'),
  tcp('tcp by connect, IPv4', 4, 'connect'),
  ping('ping, IPv4', 4),
  ping('ping, IPv6', 6),
  udp('udp with expect, IPv4', { udp: udpEcho }, ['dropped', 'mute']),
  udp('udp without expect, port closed, IPv4', {}, ['closed']),
  udp('udp with ping_first, host silent, IPv4', { udp: { ping_first: true } }, ['dropped']),
  http('http, IPv4', 4),
  http('http, IPv6', 6),
  http('http with reuse, IPv4', 4, { reuse: true }),
  {
    name: 'https, IPv4',
    family: 4,
    service: 'https',
    protocol: 'https',
    check: { type: 'https' },
    ways: ['mute', 'dropped', 'stalled'],
    share: httpsShare,
    haproxy: 'https',
  },
];

function tcp(name: string, family: Family, method: 'syn' | 'connect'): ProbeCase {
  return {
    name,
    family,
    service: 'tcp',
    protocol: 'tcp',
    check: { type: 'tcp', tcp: { method } },
    ways: ['dropped'],
    share: 1,
    haproxy: 'tcp',
  };
}

/** A listener cannot forward pings: its protocol does not matter. */
function ping(name: string, family: Family): ProbeCase {
  return { name, family, service: 'none', protocol: 'udp', check: { type: 'ping' }, ways: ['dropped'], share: 1 };
}

function udp(name: string, check: ProbeCase['check'], ways: ProbeCase['ways']): ProbeCase {
  return { name, family: 4, service: 'udp', protocol: 'udp', check: { type: 'udp', ...check }, ways, share: 1 };
}

function http(name: string, family: Family, options: ProbeCase['check'] = {}): ProbeCase {
  return {
    name,
    family,
    service: 'http',
    protocol: 'http',
    check: { type: 'http', ...options },
    ways: ['mute', 'dropped'],
    share: 1,
    haproxy: 'http',
  };
}
