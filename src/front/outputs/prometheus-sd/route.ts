/** `GET /v1/sd`: targets for Prometheus’s HTTP service discovery. After any other status than 200 it keeps its list. */
import { sendProblem } from '../../http/problem.js';
import { badRequest, problemAnswer, type Route } from '../../http/route.js';
import { quoted } from '../../../config/problem.js';
import { bodyOf } from '../../http/body-stream.js';
import { listenerMissing } from '../../view/listener-missing.js';
import type { OutputsDeps } from '../output.js';
import { PrometheusSdOutput } from './output.js';
import { targetLabels, targetList } from './targets.js';

const labels = Object.fromEntries(Object.keys(targetLabels).map((name) => [name, { type: 'string' }]));

export const targetsRoute: Route<OutputsDeps> = {
  url: '/v1/sd',
  schema: {
    operationId: 'listTargets',
    tags: ['outputs'],
    summary: 'List backends as targets for Prometheus (HTTP service discovery)',
    description:
      'Returns a group with one target for each backend, with its state as labels. docs/outputs/prometheus-sd.md explains how to use them.',
    querystring: {
      type: 'object',
      properties: { listener: { type: 'string', maxLength: 128, description: 'Only the backends of this listener.' } },
      additionalProperties: false,
    },
    response: {
      200: {
        description: 'All targets. The list is empty if there are none.',
        content: {
          'application/json': {
            schema: {
              type: 'array',
              items: {
                type: 'object',
                properties: {
                  targets: { type: 'array', items: { type: 'string' } },
                  labels: { type: 'object', properties: labels, required: Object.keys(labels), additionalProperties: false },
                },
                required: ['targets', 'labels'],
                additionalProperties: false,
              },
            },
          },
        },
      },
      ...badRequest,
      404: problemAnswer('The configuration has no output `prometheus_sd`, or no such listener.'),
      503: problemAnswer('With `only: routable`: there are no verdicts yet.'),
    },
  },
  examples: ['/v1/sd', '/v1/sd?listener=web'],
  handler:
    ({ outputs, state }) =>
    (request, reply) => {
      const output = outputs.ofType('prometheus_sd');
      if (!(output instanceof PrometheusSdOutput)) {
        return sendProblem(
          reply,
          'output_not_configured',
          'The configuration has no output `prometheus_sd`; see docs/outputs/prometheus-sd.md.',
        );
      }
      const { view, onlyRoutable, asked } = output;
      const { listener } = request.query as { listener?: string };
      if (listener !== undefined && !output.listeners.includes(listener)) {
        const known = output.listeners.slice(0, 20).join(', ');
        asked.failed(
          `Prometheus asks for a listener that is not there, ${quoted(listener)}: in the url of its http_sd_configs, write one of ${known}.`,
        );
        return sendProblem(reply, 'listener_not_found', listenerMissing(state.model, listener));
      }
      const wanted = listener === undefined ? output.listeners : [listener];
      output.askedFor(wanted);
      if (onlyRoutable && !wanted.every((one) => view.isSettled(one))) {
        const problem = 'There are too few verdicts yet; until then Prometheus keeps the targets that it has.';
        asked.failed(problem);
        return sendProblem(reply, 'unavailable', problem);
      }
      asked.succeeded();
      return reply.type('application/json').send(bodyOf(targetList(view, { listener, has: (one) => output.has(one), onlyRoutable })));
    },
};
