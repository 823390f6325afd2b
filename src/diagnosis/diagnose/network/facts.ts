/** What the steps of this folder find out: packets, ports, routes. */
import type { Evidence } from '../../report.js';

/** How an address and port answered one SYN, or several with the same end. */
export interface SynAnswer {
  readonly port: number;
  /** `refused`: RST. `prohibited`, `unreachable`: an ICMP error, which `detail` names with its sender. */
  readonly answer: 'open' | 'refused' | 'prohibited' | 'unreachable' | 'silent' | 'not_sent';
  readonly detail: string;
  readonly rttMs: number;
  readonly evidence: Evidence;
}

export interface NetworkFacts {
  /** By the same source, to the check port. */
  readonly checkPort: SynAnswer;
  /** To a port that is surely closed. */
  readonly closedPort: SynAnswer;
}
