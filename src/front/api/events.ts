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
      'The `revision` of a /v1/status answer. The stream begins with the first change after it. Send it with the `epoch` of the same answer. `Last-Event-ID` takes precedence.',
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
    summary: 'Stream changes as server-sent events',
    description:
      'The response does not end. The `id` of an event is `EPOCH:REVISION`. Its type names what changed (`added`, `state`, `routing`, ' +
      '`weight`, `stale`, `removed`), and its data is an [Event](#event). An event `reset` with a [Reset](#reset) as its data means: start over. ' +
      'Read /v1/status, then continue with the events that follow. vitald sends a `reset` first if the request has neither `since` nor ' +
      '`Last-Event-ID`, or if the revision is too old or belongs to another epoch. It also sends one to a reader that is too slow. ' +
      'A `Last-Event-ID` without an epoch counts as a revision of this process. ' +
      'If there is no event for 15 s, vitald sends a comment.',
    querystring,
    response: {
      200: textAnswer('Events, until either side closes the connection.', 'text/event-stream'),
      ...badRequest,
      404: problemAnswer('One of the listeners does not exist.'),
      429: problemAnswer('This caller has too many open streams. See `Retry-After`.'),
      503: problemAnswer('There are too many readers, or vitald is shutting down. See `Retry-After`.'),
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
