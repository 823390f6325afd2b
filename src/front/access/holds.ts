/**
 * Counts what clients make vitald hold, and refuses what is beyond the limits. Without them a client that may only read
 * fills the memory of the front: a held request costs some 5 KB for up to ten minutes.
 *
 * Each connection is answered one request at a time (listen/pipeline.ts), so a connection holds one of these at most.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { HoldLimits } from '../../config/plan.js';
import { fixedHolds } from '../http/limits.js';
import { callerKey } from './caller-key.js';
import { markHeld, unmarkHeld } from './held-responses.js';
import { LimitReached, retryAfterSeconds } from './limit-reached.js';

export const holdKinds = ['held_requests', 'event_streams', 'request_bodies', 'asked_probes'] as const;
export type HoldKind = (typeof holdKinds)[number];

interface Limits {
  readonly inAll: number;
  readonly perCaller: number;
}

/** What is counted, and the keys of the configuration, for the sentence of a refusal. */
const words: Readonly<Record<HoldKind, { readonly what: string; readonly key?: string }>> = {
  held_requests: { what: 'held requests', key: 'server.limits.held_requests' },
  event_streams: { what: 'event streams', key: 'server.limits.event_streams' },
  request_bodies: { what: 'bytes of request bodies being received' },
  asked_probes: { what: 'requests that wait for a probe' },
};

class Count {
  #total = 0;
  readonly #byCaller = new Map<string, number>();

  /** @returns the limit that one more would exceed */
  beyond(caller: string, amount: number, { inAll, perCaller }: Limits): 'caller' | 'all' | undefined {
    if ((this.#byCaller.get(caller) ?? 0) + amount > perCaller) return 'caller';
    return this.#total + amount > inAll ? 'all' : undefined;
  }

  add(caller: string, amount: number): void {
    this.#total += amount;
    const now = (this.#byCaller.get(caller) ?? 0) + amount;
    if (now > 0) this.#byCaller.set(caller, now);
    else this.#byCaller.delete(caller);
  }

  get total(): number {
    return this.#total;
  }
}

export class Holds {
  readonly #limits: () => HoldLimits;
  readonly #counts = new Map<HoldKind, Count>(holdKinds.map((kind) => [kind, new Count()]));

  /** @param limits those in force: a reload may change them */
  constructor(limits: () => HoldLimits) {
    this.#limits = limits;
  }

  /** How much of a kind is held now. */
  total(kind: HoldKind): number {
    return this.#counts.get(kind)!.total;
  }

  /**
   * Counts a hold until it is released, at the latest until the answer has ended or the client has gone.
   *
   * @param amount bytes of `request_bodies`, otherwise 1
   * @returns releases it
   * @throws LimitReached; the reply has `Retry-After` then
   */
  take(kind: HoldKind, request: FastifyRequest, reply: FastifyReply, amount = 1): () => void {
    const count = this.#counts.get(kind)!;
    const caller = callerKey(request);
    const scope = count.beyond(caller, amount, this.#limitsOf(kind));
    if (scope !== undefined) throw this.#refusal(kind, scope, reply);
    count.add(caller, amount);
    let isReleased = false;
    const release = (): void => {
      if (isReleased) return;
      isReleased = true;
      reply.raw.off('close', release);
      unmarkHeld(reply.raw);
      count.add(caller, -amount);
    };
    reply.raw.once('close', release);
    if (kind !== 'request_bodies') markHeld(reply.raw);
    return release;
  }

  #refusal(kind: HoldKind, scope: 'caller' | 'all', reply: FastifyReply): LimitReached {
    const { inAll, perCaller } = this.#limitsOf(kind);
    const { what, key } = words[kind];
    reply.header('retry-after', String(retryAfterSeconds));
    const ofScope = key === undefined || scope === 'all' ? key : `${key}_per_caller`;
    return new LimitReached({ limit: kind, scope, most: scope === 'all' ? inAll : perCaller, what, key: ofScope });
  }

  #limitsOf(kind: HoldKind): Limits {
    const { requests, requestsPerCaller, streams, streamsPerCaller } = this.#limits();
    switch (kind) {
      case 'held_requests':
        return { inAll: requests, perCaller: requestsPerCaller };
      case 'event_streams':
        return { inAll: streams, perCaller: streamsPerCaller };
      case 'request_bodies':
        return fixedHolds.requestBodyBytes;
      case 'asked_probes':
        return fixedHolds.askedProbes;
      default:
        return kind satisfies never;
    }
  }
}
