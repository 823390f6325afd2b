/** `POST …/backends/{backend}/probe`: a probe now. */
import { CodedError } from '../../errors.js';
import type { ProbeNow } from '../control/probe-now.js';
import { TextWriter } from '../http/text-writer.js';
import { writeBackendDetail } from './backend-json.js';
import { backendMissing, backendParams } from './backends.js';
import { backendOf, makeChange } from './change.js';
import { pathOf, type BackendPath } from './override.js';
import { badRequest, jsonAnswer, noQuery, problemAnswer } from '../http/route.js';
import type { ApiRoute } from './deps.js';

export const probeRoute: ApiRoute = {
  method: 'POST',
  url: '/v1/listeners/:listener/backends/:backend/probe',
  access: 'operate',
  schema: {
    operationId: 'probeNow',
    tags: ['backends'],
    summary: 'Probe a backend now',
    description:
      'Waits until the probe has ended, and returns the backend with this probe as `last_probe`. The probe counts like any other, and ' +
      'the next one is due an interval later. If a probe of the backend is already running, vitald waits for that one. The limit is one ' +
      'probe on request a second for each backend.',
    params: backendParams,
    querystring: noQuery,
    response: {
      200: jsonAnswer('The probe has ended.', 'BackendDetail'),
      ...badRequest,
      404: problemAnswer('No such listener or backend.'),
      409: problemAnswer('The listener does not check its backends.'),
      429: problemAnswer('This backend was probed on request within the last second, or too many requests are waiting. See `Retry-After`.'),
      503: problemAnswer('vitald is shutting down.'),
      504: problemAnswer('The probe did not end within the timeout of the check plus 2 s. It continues.'),
    },
  },
  examples: ['/v1/listeners/web/backends/app-2/probe'],
  handler: (deps) => async (request, reply) => {
    const { listener, backend } = pathOf(request);
    const { state, control, holds } = deps;
    holds.take('asked_probes', request, reply);
    await makeChange(deps, request, { action: 'probe_asked', listener, backend }, async () => {
      const result = await control.probes.probe(backendOf(state.model, listener, backend));
      if (typeof result === 'object') reply.header('retry-after', String(Math.ceil(result.retryAfterMs / 1000)));
      if (result !== 'ended') throw problemOf(result, pathOf(request));
      return { before: null, after: null, changed: true, lasts: false };
    });
    const view = backendOf(state.model, listener, backend);
    const text = new TextWriter();
    writeBackendDetail(text, state, view);
    return reply.type('application/json; charset=utf-8').send(text.take());
  },
};

function problemOf(result: Exclude<ProbeNow, 'ended'>, { listener, backend }: BackendPath): CodedError {
  switch (result) {
    case 'not_in_time':
      return new CodedError('probe_timeout', 'The probe has not ended in time; it still will, and show as last_probe of the backend.');
    case 'gone':
      return new CodedError('backend_not_found', backendMissing(listener, backend));
    case 'check_disabled':
      return new CodedError('check_disabled', `Listener ${JSON.stringify(listener)} does not check its backends (check.enabled).`);
    case 'stopping':
      return new CodedError('unavailable', 'vitald is shutting down and accepts no more changes');
    default:
      return new CodedError('probe_limit', `${result.why}; try again in ${Math.ceil(result.retryAfterMs / 1000)} s.`);
  }
}
