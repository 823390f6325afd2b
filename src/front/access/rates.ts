/** How many requests a client may send. A client is a token or certificate, or else an address. */
import rateLimit from '@fastify/rate-limit';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { CodedError } from '../../errors.js';
import { limits } from '../api/limits.js';
import type { Access, Needed } from './access.js';
import { anybody, anyReader } from './caller.js';
import { clientOf } from './refusal-log.js';

/** So that who is refused may come again within a second. */
const windowMs = 1000;
/** Clients that are told apart. */
const mostClients = 10_000;

export interface Rates {
  /** @throws CodedError rate_limited; the reply has `Retry-After` then */
  request(request: FastifyRequest, reply: FastifyReply, needed: Needed | undefined): Promise<void>;
  /** The same for requests that were refused: wrong credentials, mostly. Right ones are never held up by them. */
  refused(request: FastifyRequest, reply: FastifyReply): Promise<void>;
}

export async function createRates(app: FastifyInstance, access: Access): Promise<Rates> {
  await app.register(rateLimit, { global: false });
  const common = { timeWindow: windowMs, cache: mostClients };
  const requests = app.createRateLimit({ ...common, max: () => access.plan.limits.requestsPerSecond, keyGenerator: keyOf });
  const refusals = app.createRateLimit({ ...common, max: limits.refusalsPerSecond, keyGenerator: addressOf });
  const count = async (counter: typeof requests, request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    const result = await counter(request);
    if (result.isAllowed || !result.isExceeded) return;
    const seconds = Math.max(1, result.ttlInSeconds);
    reply.header('retry-after', String(seconds));
    throw new CodedError('rate_limited', `More than ${result.max} requests a second came from you; try again in ${seconds} s.`);
  };
  return {
    // Somebody may restart vitald because its health was not told: that costs less to tell than to refuse.
    request: (request, reply, needed) => (needed === 'health' ? Promise.resolve() : count(requests, request, reply)),
    refused: (request, reply) => count(refusals, request, reply),
  };
}

/** Reads, scrapes and changes are counted apart: a poller gone wild must not keep an operator, or Prometheus, from the same address out. */
function keyOf(request: FastifyRequest): string {
  const { caller, routeOptions, method } = request;
  const isNamed = caller !== undefined && caller !== anybody && caller !== anyReader;
  const what = routeOptions.config?.access === 'metrics' ? 'metrics' : method === 'GET' || method === 'HEAD' ? 'read' : 'change';
  return `${what} ${isNamed ? caller.name : addressOf(request)}`;
}

function addressOf(request: FastifyRequest): string {
  return rateLimit.normalizeIP(clientOf(request));
}
