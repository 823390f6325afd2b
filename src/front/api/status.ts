/** `GET /v1/status`: what a load balancer's control plane polls. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Known, Listeners } from '../view/change-log.js';
import { durationMs, durationPattern } from '../http/time.js';
import type { Released } from '../view/waiters.js';
import { isNamedIn } from './etag.js';
import { epochParameter, knownOfQuery, sinceParameter, type KnownQuery } from './known.js';
import { listenerNotFound } from './listeners.js';
import { listenersParameter, unknownListener } from './listeners-filter.js';
import { badRequest, emptyAnswer, jsonAnswer, problemAnswer, type Parameters } from '../http/route.js';
import type { ApiDeps, ApiRoute } from './deps.js';
import { StatusBodies } from './status-body.js';
import { StatusTags } from './status-tags.js';

/** The longest that a request is held; longer waits are cut to it. */
export const longestWaitMs = 10 * 60_000;

const querystring: Parameters = {
  type: 'object',
  properties: {
    since: sinceParameter('Only what changed after this revision. Send it with the `epoch` of the same answer.'),
    epoch: epochParameter,
    wait: {
      type: 'string',
      pattern: durationPattern,
      examples: ['500ms', '30s', '2m'],
      description: 'With `since`, long-poll: wait up to this long (maximum 10m) for a change. vitald never holds a complete answer.',
    },
    listener: listenersParameter,
  },
  additionalProperties: false,
};

export const statusRoute: ApiRoute = {
  url: '/v1/status',
  schema: {
    operationId: 'getStatus',
    tags: ['status'],
    summary: 'List all backends, or what changed since a revision',
    description:
      'The answer is complete if the request has no `since`, if that revision is unknown (from another start of the process, or too ' +
      'old), or if `epoch` is that of another process. A load balancer, a virtual address or a restart can lead a poller from one ' +
      'daemon to another, whose revisions can have the same numbers. ' +
      'A poller that applies each answer in turn, and sends its revision and epoch with the next request, never misses a change. ' +
      'With `listener`, the revision still covers all listeners, but the others do not end a wait and are not listed. ' +
      'The `ETag` identifies state, routing, weight and membership of the requested backends. It does not depend on `since`, nor on ' +
      'what changes with every probe (`last_probe`, `run`).',
    querystring,
    response: {
      200: jsonAnswer('Backends in the short form.', 'Status'),
      304: emptyAnswer('Nothing has changed since the answer with the `ETag` that was sent as `If-None-Match`.'),
      ...badRequest,
      429: problemAnswer('Too many requests are held. See `Retry-After`.'),
      404: problemAnswer(
        'One of the listeners does not exist. If it was removed after `since`, vitald returns 200 with its backends in `removed` instead.',
      ),
    },
  },
  examples: ['/v1/status', '/v1/status?since=118&epoch=9f86d081884c7d65&wait=30s', '/v1/status?listener=web&listener=dns'],
  handler: (deps) => {
    const { state } = deps;
    const bodies = new StatusBodies(state);
    const tags = new StatusTags(state);
    return async (request, reply) => {
      const { listener, wait } = request.query as Query;
      const known = knownOfQuery(request.query as Query, state.epoch);
      const listeners = listener && new Set(listener);
      const unknown = unknownListener(state, listeners, known);
      if (unknown !== undefined) return listenerNotFound(reply, state.model, unknown);
      if ((await heldUntilChanged(deps, { known, wait }, listeners, { request, reply })) === 'gone') return reply.hijack();
      const tag = tags.of(listeners);
      // 304 has the Vary that the answer would have had: RFC 9110, 15.4.5.
      reply.headers({ etag: tag, vary: 'accept-encoding' });
      // A client that names another epoch gets everything, whatever tag it has kept from an earlier answer of this process.
      if (known !== 'foreign' && isNamedIn(request.headers['if-none-match'], tag)) return reply.code(304).send();
      return reply.type('application/json; charset=utf-8').send(bodies.body(known, listeners));
    };
  },
};

interface Query extends KnownQuery {
  readonly wait?: string;
  readonly listener?: readonly string[];
}

/** Holds a request that asks for it while there is nothing to tell. @throws LimitReached */
async function heldUntilChanged(
  { state: { changes, waiters }, holds }: ApiDeps,
  { known, wait }: { readonly known: Known; readonly wait: string | undefined },
  listeners: Listeners,
  { request, reply }: { readonly request: FastifyRequest; readonly reply: FastifyReply },
): Promise<Released | 'at once'> {
  if (wait === undefined || !changes.knows(known) || changes.changedSince(known, listeners)) return 'at once';
  const release = holds.take('held_requests', request, reply);
  const waitMs = Math.min(durationMs(wait), longestWaitMs);
  return waiters.hold(known, waitMs, (gone) => reply.raw.once('close', gone), listeners).finally(release);
}
