/** `…/backends/{backend}/weight`: an operator's weight instead of the configured one. */
import { largestWeight } from '../../config/schema.js';
import { CodedError } from '../../errors.js';
import { instantNow } from '../../instant.js';
import { describeWeight } from '../control/describe.js';
import type { OverrideChange } from '../control/override-changes.js';
import { backendParams } from './backends.js';
import { backendOf, makeChange } from './change.js';
import { endQuery, noteOf, noteProperties, type NoteBody } from './operator-note.js';
import { changeAnswers, pathOf, type EndQuery } from './override.js';
import { overrideObject } from './override-json.js';
import { jsonAnswer, noQuery, problemAnswer } from '../http/route.js';
import type { ApiRoute } from './deps.js';

const url = '/v1/listeners/:listener/backends/:backend/weight';

export const setWeightRoute: ApiRoute = {
  method: 'PUT',
  url,
  access: 'operate',
  schema: {
    operationId: 'setWeight',
    tags: ['overrides'],
    summary: 'Override the configured weight of a backend',
    description:
      'With weight 0 the backend gets no new requests (it is drained). Like an override, the weight lasts until it expires or is ended. ' +
      'To change the configured weight of a runtime backend, use `PUT` of the backend.',
    params: backendParams,
    querystring: noQuery,
    body: {
      type: 'object',
      properties: {
        weight: { type: 'integer', minimum: 0, maximum: largestWeight, description: 'Weight. 0 drains the backend.' },
        ...noteProperties,
      },
      required: ['weight', 'reason'],
      additionalProperties: false,
    },
    response: {
      200: jsonAnswer('The weight is in force.', 'Override'),
      ...changeAnswers,
      404: problemAnswer('No such listener or backend.'),
      409: problemAnswer('Too many backends are overridden.'),
    },
  },
  examples: ['/v1/listeners/web/backends/app-2/weight'],
  exampleBody: { weight: 0, reason: 'drain before the upgrade', expires_in_seconds: 3600 },
  handler: (deps) => async (request) => {
    const { listener, backend } = pathOf(request);
    const { weight, by, reason } = request.body as NoteBody & { weight: number };
    const { change } = await makeChange(deps, request, { action: 'weight_set', listener, backend, by, reason }, async () => {
      backendOf(deps.state.model, listener, backend);
      return shown(await deps.control.overrides.setWeight(listener, backend, weight, noteOf(request, instantNow())));
    });
    return overrideObject(deps.state, change.after);
  },
};

function shown(change: OverrideChange): { change: OverrideChange; before: unknown; after: unknown; changed: true } {
  return { change, before: describeWeight(change.before), after: describeWeight(change.after), changed: true };
}

export const endWeightRoute: ApiRoute = {
  method: 'DELETE',
  url,
  access: 'operate',
  schema: {
    operationId: 'endWeight',
    tags: ['overrides'],
    summary: 'Restore the configured weight of a backend',
    description: 'If no operator has set a weight, vitald returns 404, as for an override.',
    params: backendParams,
    querystring: endQuery,
    response: {
      200: jsonAnswer('The configured weight is in force. An override stays.', 'Override'),
      ...changeAnswers,
      404: problemAnswer('No such listener or backend, or no weight was set for it.'),
    },
  },
  examples: ['/v1/listeners/web/backends/app-2/weight'],
  handler: (deps) => async (request) => {
    const { listener, backend } = pathOf(request);
    const asked = { action: 'weight_ended' as const, listener, backend, ...(request.query as EndQuery) };
    const { change } = await makeChange(deps, request, asked, async () => {
      const ended = await deps.control.overrides.endWeight(listener, backend);
      if (ended !== undefined) return shown(ended);
      backendOf(deps.state.model, listener, backend);
      const detail = `Backend ${JSON.stringify(backend)} of listener ${JSON.stringify(listener)} has its configured weight.`;
      throw new CodedError('override_not_found', detail);
    });
    return overrideObject(deps.state, change.after);
  },
};
