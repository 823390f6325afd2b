/** `GET /v1/events`: changes as server-sent events, for those who want to be told instead of asking. */
import { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Known } from '../view/change-log.js';
import { epochParameter, knownOfEventId, knownOfQuery, sinceParameter, type KnownQuery } from './known.js';
import { listenerNotFound } from './listeners.js';
import { listenersParameter, unknownListener } from './listeners-filter.js';
import { sendProblem } from '../http/problem.js';
import { badRequest, problemAnswer, textAnswer, type Parameters } from '../http/route.js';
import type { ApiRoute } from './deps.js';

const querystring: Parameters = {
  type: 'object',
  properties: {
    since: sinceParameter(
      'The `revision` of an answer of /v1/status, sent with its `epoch`: begin with the first change after it. `Last-Event-ID` takes precedence.',
    ),
    epoch: epochParameter,
    listener: listenersParameter,
  },
  additionalProperties: false,
};

const streamHeaders = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-store',
  // nginx and those that follow it would collect the events before they hand them on.
  'x-accel-buffering': 'no',
} as const;

const retryAfterSeconds = 5;

export const eventsRoute: ApiRoute = {
  url: '/v1/events',
  schema: {
    operationId: 'followEvents',
    tags: ['status'],
    summary: 'Changes as they happen, as server-sent events',
    description:
      'An answer that does not end. Each event has `EPOCH:REVISION` as its `id`, what changed as its type (`added`, `state`, `routing`, ' +
      '`weight`, `stale`, `removed`), and an [Event](#event) as its data. An event `reset` with a [Reset](#reset) says: start over. ' +
      'Read /v1/status, then go on with the events that follow. It comes first where neither `since` nor `Last-Event-ID` says where ' +
      'to begin, where that revision is not known any more or is of another epoch, and to a reader that is too slow. ' +
      'A `Last-Event-ID` without an epoch is taken for a revision of this process. ' +
      'A comment comes every 15 s where nothing else does.',
    querystring,
    response: {
      200: textAnswer('The events, until either side closes the connection.', 'text/event-stream'),
      ...badRequest,
      404: problemAnswer('One of the listeners does not exist.'),
      429: problemAnswer('One caller has too many streams open; `Retry-After` says when to ask again.'),
      503: problemAnswer('There are too many readers, or vitald is stopping; `Retry-After` says when to ask again.'),
    },
  },
  examples: ['/v1/events', '/v1/events?since=118&epoch=9f86d081884c7d65&listener=web'],
  handler:
    ({ state, holds }) =>
    (request, reply) => {
      const { listener } = request.query as Query;
      const after = knownOf(request, state.epoch);
      const listeners = listener && new Set(listener);
      const unknown = unknownListener(state, listeners, after);
      if (unknown !== undefined) return listenerNotFound(reply, state.model, unknown);
      const { eventReaders } = state;
      if (eventReaders.refuses !== undefined) return refused(reply, eventReaders.refuses);
      reply.headers(streamHeaders);
      // An empty stream: a length of 0 would be that of GET.
      if (request.method === 'HEAD') return reply.send(Readable.from([]));
      // Released when the connection has closed.
      holds.take('event_streams', request, reply);
      reply.hijack();
      // Events leave as they come, and nothing else is sent: fastify has no more to do with it.
      reply.raw.writeHead(200, reply.getHeaders() as Record<string, string>);
      eventReaders.add(reply.raw, after, listeners);
      return reply;
    },
};

interface Query extends KnownQuery {
  readonly listener?: readonly string[];
}

/** What the reader knows already. An id that no daemon gives out is as unknown as one of another epoch. */
function knownOf(request: FastifyRequest, own: string): Known {
  const id = request.headers['last-event-id'];
  return id === undefined || id === '' ? knownOfQuery(request.query as Query, own) : knownOfEventId(String(id), own);
}

function refused(reply: FastifyReply, why: 'full' | 'closing'): FastifyReply {
  reply.header('retry-after', retryAfterSeconds);
  return why === 'full'
    ? sendProblem(
        reply,
        'event_reader_limit',
        'There are as many event streams as server.limits.event_streams allows; poll /v1/status instead, or try again later.',
      )
    : sendProblem(reply, 'unavailable', 'vitald is stopping.');
}
