/** The packet that a firewall is asked about. What is not known of it is a set of what it may be. */
import { between, everyAddress, one, type Family, type Interval } from '../intervals.js';

export interface Packet {
  readonly family: Family;
  readonly protocol: 'tcp' | 'udp' | 'icmp';
  readonly sources: readonly Interval[];
  readonly destinations: readonly Interval[];
  readonly sourcePorts: readonly Interval[];
  readonly destinationPorts: readonly Interval[];
  readonly icmpType: 'echo-request' | 'echo-reply' | 'destination-unreachable';
  /** To connection tracking. */
  readonly state: 'new' | 'established';
  /** An earlier rule may have taken it out of connection tracking. */
  readonly mayBeUntracked: boolean;
  /** An earlier rule may have put a mark on it or its connection; without, the mark is 0. */
  readonly mayBeMarked: boolean;
  /** Its destination has been changed. */
  readonly isTranslated: boolean;
  /** It may come by any of these; empty: not known, or it does not come from outside. */
  readonly inInterfaces: readonly string[];
  /** Empty: not known, or it does not leave. */
  readonly outInterfaces: readonly string[];
}

/** Ports that clients send from. */
const clientPorts = [between(1024, 65_535)];

export interface Ends {
  readonly family: Family;
  /** Addresses of the checks; undefined: not known. */
  readonly checker: Interval | undefined;
  /** Addresses of this machine that the check may go to; empty: not known. */
  readonly here: readonly Interval[];
  readonly port: number;
  readonly interfaces: readonly string[];
}

/** The check’s first packet: a SYN, a datagram or an echo request. */
export function request(protocol: Packet['protocol'], { family, checker, here, port, interfaces }: Ends): Packet {
  return {
    family,
    protocol,
    sources: [checker ?? everyAddress(family)],
    destinations: here.length > 0 ? here : [everyAddress(family)],
    sourcePorts: clientPorts,
    destinationPorts: [one(port)],
    icmpType: 'echo-request',
    state: 'new',
    mayBeUntracked: false,
    mayBeMarked: false,
    isTranslated: false,
    inInterfaces: interfaces,
    outInterfaces: [],
  };
}

/** What this machine answers to it. */
export function reply(protocol: Packet['protocol'], ends: Ends): Packet {
  const asked = request(protocol, ends);
  return {
    ...asked,
    sources: asked.destinations,
    destinations: asked.sources,
    sourcePorts: asked.destinationPorts,
    destinationPorts: asked.sourcePorts,
    icmpType: 'echo-reply',
    state: 'established',
    inInterfaces: [],
    outInterfaces: ends.interfaces,
  };
}

/** The bits of a TCP segment: what opens a connection, and its answer. */
export function tcpFlags(packet: Packet): ReadonlySet<string> {
  return new Set(packet.state === 'new' ? ['syn'] : ['syn', 'ack']);
}
