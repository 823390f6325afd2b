/**
 * How many requests a client may send. A client is a token or certificate, or else an address.
 *
 * Not by @fastify/rate-limit: that looks at its counter a moment after it has counted, and so refuses all of a burst
 * instead of what is too much of it.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { CodedError } from '../../errors.js';
import { limits } from '../http/limits.js';
import type { Access } from './access.js';
import type { Needed } from '../http/route.js';
import { callerKey } from './caller-key.js';
import { clientAddress } from '../http/client.js';
import { Windows } from '../http/windows.js';

/** So that who is refused may come again within a second. */
const windowMs = 1000;

export class Rates {
  readonly #access: Access;
  readonly #requests = new Windows(windowMs);
  readonly #refusals = new Windows(windowMs);

  constructor(access: Access) {
    this.#access = access;
  }

  /** @throws CodedError rate_limited; the reply has `Retry-After` then */
  request(request: FastifyRequest, reply: FastifyReply, needed: Needed | undefined): void {
    // Somebody may restart vitald because its health was not told; and to tell it costs less than to refuse.
    if (needed === 'health') return;
    count(this.#requests, keyOf(request, needed), this.#access.plan.limits.requestsPerSecond, reply);
  }

  /** The same for requests that were refused: wrong credentials, mostly. Right ones are never held up by them. */
  refused(request: FastifyRequest, reply: FastifyReply): void {
    count(this.#refusals, clientAddress(request.raw.socket), limits.refusalsPerSecond, reply);
  }
}

function count(windows: Windows, key: string, most: number, reply: FastifyReply): void {
  const { count, endsInMs } = windows.count(key);
  if (count <= most) return;
  const seconds = Math.ceil(endsInMs / 1000);
  reply.header('retry-after', String(seconds));
  throw new CodedError('rate_limited', `More than ${most} requests a second came from you; try again in ${seconds} s.`);
}

/** Reads, scrapes and changes are counted apart: a poller gone wild must not keep an operator, or Prometheus, out. */
function keyOf(request: FastifyRequest, needed: Needed | undefined): string {
  const { method } = request;
  const what = needed === 'metrics' ? 'metrics' : method === 'GET' || method === 'HEAD' ? 'read' : 'change';
  return `${what} ${callerKey(request)}`;
}
