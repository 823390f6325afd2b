/** `GET /v1/status`: what a load balancer's control plane polls. */
import { durationMs, durationPattern } from '../time.js';
import { badRequest, jsonAnswer, type Parameters, type Route } from './route.js';
import { StatusBodies } from './status-body.js';

/** The longest that a request is held; longer waits are cut to it. */
export const longestWaitMs = 10 * 60_000;

const querystring: Parameters = {
  type: 'object',
  properties: {
    since: { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER, description: 'Only what changed after this revision.' },
    wait: {
      type: 'string',
      pattern: durationPattern,
      examples: ['500ms', '30s', '2m'],
      description:
        'With `since`: hold the answer until something changes, at most so long (and at most 10m). A complete answer is never held.',
    },
  },
  additionalProperties: false,
};

export const statusRoute: Route = {
  url: '/v1/status',
  schema: {
    operationId: 'getStatus',
    tags: ['status'],
    summary: 'All backends in the short form, or what changed since a revision',
    description:
      'Without `since`, or where that revision is not known (another start of the process, too long ago), the answer is complete. ' +
      'A poller that applies each answer in turn, and asks with its revision next, never misses a change.',
    querystring,
    response: { 200: jsonAnswer('The backends.', 'Status'), ...badRequest },
  },
  examples: ['/v1/status', '/v1/status?since=118&wait=30s'],
  handler: ({ state }) => {
    const bodies = new StatusBodies(state);
    return async (request, reply) => {
      const { since, wait } = request.query as { since?: number; wait?: string };
      const { changes, waiters } = state;
      if (since !== undefined && wait !== undefined && changes.knows(since) && !changes.changedSince(since)) {
        const waitMs = Math.min(durationMs(wait), longestWaitMs);
        const released = await waiters.hold(since, waitMs, (gone) => reply.raw.once('close', gone));
        if (released === 'gone') return reply.hijack();
      }
      return reply.type('application/json; charset=utf-8').send(bodies.body(since));
    };
  },
};
