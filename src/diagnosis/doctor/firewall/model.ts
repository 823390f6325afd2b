/** The rules of a firewall, whichever program made them: what nft and iptables list is brought into this one form. */
import type { Tri } from '../intervals.js';
import type { Packet } from './packet.js';

export interface Match {
  /** What it looks at, for people; named where it cannot be decided. */
  readonly about: string;
  test(packet: Packet): Tri;
}

export type Action =
  | { readonly kind: 'accept' }
  | { readonly kind: 'drop' }
  /** `how`: what the sender gets, as in `tcp reset` or `icmp port-unreachable`. */
  | { readonly kind: 'reject'; readonly how: string }
  | { readonly kind: 'jump' | 'goto'; readonly chain: string }
  | { readonly kind: 'return' }
  /** Counts, logs: the packet goes on to the next rule. */
  | { readonly kind: 'none' }
  /** Sets a mark, or ends connection tracking; the packet goes on. */
  | { readonly kind: 'mark' | 'untrack' }
  /** Sent on to another address, another port or both; undefined: as it was. */
  | { readonly kind: 'translate'; readonly address: string | undefined; readonly port: number | undefined }
  /** Sent on to one of several addresses, as balancers do it. */
  | { readonly kind: 'spread' }
  /** Nobody can tell from here what becomes of the packet. */
  | { readonly kind: 'unknown'; readonly what: string };

export interface Rule {
  /** As the administrator wrote it, or nearly. */
  readonly text: string;
  readonly matches: readonly Match[];
  readonly action: Action;
}

export type Hook = 'ingress' | 'prerouting' | 'input' | 'forward' | 'output' | 'postrouting';

export interface Chain {
  /** Where it is, for people: `inet filter input`. */
  readonly name: string;
  /** What jumps call it; see {@link chainKey}. */
  readonly key: string;
  readonly rules: readonly Rule[];
  /** Undefined for chains that are only jumped to. */
  readonly base?: { readonly hook: Hook; readonly priority: number; readonly policy: 'accept' | 'drop' };
  /** Only packets that come by this interface. */
  readonly device?: string;
  /** Whether packets of this family come here at all. */
  readonly families: readonly (4 | 6)[];
}

export const chainKey = (table: string, chain: string): string => `${table} ${chain}`;
