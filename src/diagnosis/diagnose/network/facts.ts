/** What the steps of this folder find out: packets, ports, routes. */
import type { Evidence } from '../../report.js';

/** How an address and port answered one SYN, or several with the same end. */
export interface SynAnswer {
  readonly port: number;
  /** `refused`: RST. `prohibited`, `unreachable`: an ICMP error, which `detail` names with its sender. */
  readonly answer: 'open' | 'refused' | 'prohibited' | 'unreachable' | 'silent' | 'not_sent';
  readonly detail: string;
  /** NaN where there was no answer. */
  readonly rttMs: number;
  readonly evidence: Evidence;
  /** What is not there of `unreachable` and `not_sent`. */
  readonly missing?: 'port' | 'host' | 'network';
  /** Who sent the ICMP error; undefined where that is not known. */
  readonly from?: string;
  /** `not_sent` because this machine's firewall forbids it. */
  readonly forbiddenHere?: boolean;
  /** Routers on the way back, by the answer's time to live; undefined where that was not seen. */
  readonly hopsBack?: number;
}

/** How an address answered echo requests, or a datagram. `answered`: as it should. */
export interface HostAnswer {
  readonly answer: 'answered' | 'prohibited' | 'unreachable' | 'silent' | 'not_sent';
  readonly detail: string;
  readonly rttMs: number;
  readonly evidence: Evidence;
  readonly missing?: 'port' | 'host' | 'network';
  readonly from?: string;
  readonly forbiddenHere?: boolean;
  readonly hopsBack?: number;
}

/** The kernel's route to the backend. */
export interface Route {
  /** `none`: there is no route, or the source is not this machine's; `detail` says what the kernel says. */
  readonly kind: 'on_link' | 'by_gateway' | 'local' | 'none';
  readonly gateway: string | undefined;
  readonly device: string | undefined;
  /** The address that the kernel would send from. */
  readonly source: string | undefined;
  readonly detail: string;
  readonly evidence: Evidence;
}

/** Whether anybody answers for an address in the same network (ARP, neighbour discovery). */
export interface Neighbour {
  readonly address: string;
  /** `absent`: nobody answered the kernel's questions. `unknown`: the kernel has no entry. */
  readonly state: 'present' | 'absent' | 'unknown';
  readonly evidence: Evidence;
}

/** How far SYNs came whose time to live was counted down. */
export interface Hops {
  /** Routers that answered, in their order. */
  readonly routers: readonly { readonly hop: number; readonly address: string }[];
  /** A router that stands in the way twice: the packets go round. */
  readonly loopAt: string | undefined;
  /** A router that said “unreachable”, which the SYNs before may have missed. */
  readonly refusal: { readonly from: string; readonly missing: SynAnswer['missing']; readonly detail: string } | undefined;
  readonly evidence: Evidence;
}

/** Single packets, none of them repeated. */
export interface LossCount {
  /** What was sent, in the plural. */
  readonly what: string;
  readonly port: number;
  readonly sent: number;
  readonly answered: number;
  readonly evidence: Evidence;
}

/** What the check port (for ping: the host) answered to another address of this machine. */
export interface OtherSource {
  readonly source: string;
  readonly heard: boolean;
  readonly evidence: Evidence;
}

export interface NetworkFacts {
  /** The check's source address is one of this machine's. Undefined: the check names none. */
  readonly sourceIsHere: { readonly here: boolean; readonly evidence: Evidence };
  readonly route: Route;
  /** By the same source, to the check port. Of checks over TCP. */
  readonly checkPort: SynAnswer;
  /** To the port of the service, where that is not the check port; of UDP and ping checks the same port by TCP. */
  readonly servicePort: SynAnswer;
  /** To a port that is surely closed: the one that answered, of two. */
  readonly closedPort: SynAnswer;
  readonly ping: HostAnswer;
  /** The check's datagram to the check port, and one to a port that is surely closed. */
  readonly datagram: HostAnswer;
  readonly closedDatagram: HostAnswer;
  /** The backend, or else the gateway to it. */
  readonly neighbour: Neighbour;
  readonly otherSources: readonly OtherSource[];
  /** What a TCP segment without SYN brings from the check port: RST, wherever TCP itself gets to see it. */
  readonly strayAck: { readonly answered: boolean; readonly evidence: Evidence };
  readonly hops: Hops;
  /** To the check port, or by ping. */
  readonly loss: LossCount;
  /** To a closed port of the same host, where packets to the check port were lost. */
  readonly closedPortLoss: LossCount;
}
