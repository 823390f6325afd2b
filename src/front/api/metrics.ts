/** `GET /metrics`: for Prometheus. */
import { badRequest, noQuery, textAnswer } from '../http/route.js';
import type { ApiRoute } from './deps.js';

export const metricsRoute: ApiRoute = {
  url: '/metrics',
  access: 'metrics',
  schema: {
    operationId: 'metrics',
    tags: ['checker'],
    summary: 'Metrics for Prometheus',
    description: 'The format is text format 0.0.4. docs/metrics.md explains each metric.',
    querystring: noQuery,
    response: { 200: textAnswer('The metrics.', 'text/plain'), ...badRequest },
  },
  examples: ['/metrics'],
  handler:
    ({ metrics }) =>
    async (_request, reply) =>
      reply.type(metrics.contentType).send(await metrics.body()),
};
