/** What a test and its agent in a namespace say to each other. */

export interface TcpServing {
  readonly address: string;
  readonly port: number;
}

export interface UdpServing extends TcpServing {
  /** Sent back for each datagram; nothing by default. */
  readonly reply?: string;
}

/** Packets in the name of others; see impersonate.ts. */
export interface Impersonation {
  readonly seed: number;
  readonly forMs: number;
  readonly checker: string;
  readonly backend: string;
  /** An address that no probe goes to. */
  readonly stranger: string;
  readonly checkPort: number;
  /** Ports that half-open probes leave from. */
  readonly ports: { readonly first: number; readonly last: number };
}

export interface Impersonated {
  /** How many left. */
  readonly packets: number;
}

export interface Connecting {
  readonly address: string;
  readonly port: number;
  readonly timeoutMs: number;
}

/** How an attempt to connect ends. `prohibited`: by an ICMP error that says so, or that there is no way. */
export type ConnectEnd = 'connected' | 'refused' | 'prohibited' | 'silent';

export interface Flood {
  /** Segments to cause at least. */
  readonly segments: number;
  /** How long it lasts at least. */
  readonly forMs: number;
}

export interface Flooded {
  readonly segments: number;
  readonly tookMs: number;
}

export interface Forging {
  /** An address of the node, which the probe goes to. */
  readonly to: string;
  readonly kind: 'tcp' | 'udp' | 'icmp';
  /** What of the quoted packet is not as it was sent. `sequence`: of TCP, or of an echo request. */
  readonly change: 'nothing' | 'address' | 'port' | 'sequence';
  /** How long a packet is waited for. */
  readonly withinMs: number;
}

export interface Fetched {
  readonly status: number;
  readonly text: string;
}

/** Each thing an agent can do, with what it takes and gives. */
export interface AgentCalls {
  /** Listens, and counts what `accept` returns. */
  serveTcp(serving: TcpServing): void;
  accepted(port: number): number;
  serveUdp(serving: UdpServing): void;
  /** Datagrams that came to the port. */
  received(port: number): number;
  /** Sends the checker answers in the name of others. */
  impersonate(what: Impersonation): Impersonated;
  fetch(url: string): Fetched;
  /** One attempt, closed at once. */
  connect(connecting: Connecting): ConnectEnd;
  /** Sends TCP over the loopback interface of the namespace, to nobody that matters. */
  flood(flood: Flood): Flooded;
  /** Answers the first packet to an address with an ICMP error that quotes it, in parts wrongly. */
  forge(forging: Forging): void;
}

export interface AgentRequest<Call extends keyof AgentCalls = keyof AgentCalls> {
  readonly id: number;
  readonly call: Call;
  readonly argument: Parameters<AgentCalls[Call]>[0];
}

/** `id` 0 says that the agent is ready. */
export interface AgentAnswer {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: string;
}
