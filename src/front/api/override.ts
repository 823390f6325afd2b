/** `…/backends/{backend}/override` and `/v1/overrides`: what operators say of backends; it wins over the checks. */
import type { FastifyRequest } from 'fastify';
import { CodedError } from '../../errors.js';
import { instantNow } from '../../instant.js';
import { bodyOf } from '../http/body-stream.js';
import { describeMode } from '../control/describe.js';
import { overrideModes, type OverrideMode } from '../view/override-store.js';
import type { OverrideChange } from '../control/override-changes.js';
import type { FrontState } from '../view/state.js';
import { TextWriter } from '../http/text-writer.js';
import { backendParams } from './backends.js';
import { backendOf, makeChange } from './change.js';
import { endQuery, noteOf, noteProperties, type NoteBody } from './operator-note.js';
import { overrideObject } from './override-json.js';
import { badRequest, jsonAnswer, noQuery, problemAnswer } from '../http/route.js';
import type { ApiRoute } from './deps.js';

const url = '/v1/listeners/:listener/backends/:backend/override';

export interface BackendPath {
  readonly listener: string;
  readonly backend: string;
}

export interface EndQuery {
  readonly by?: string;
  readonly reason?: string;
}

export function pathOf(request: FastifyRequest): BackendPath {
  return request.params as BackendPath;
}

/** What the answers have in common of calls that change an override or a weight. */
export const changeAnswers = {
  ...badRequest,
  503: problemAnswer('vitald is shutting down.'),
  507: problemAnswer('The change is in force, but could not be saved. A restart would lose it.'),
};

export const setOverrideRoute: ApiRoute = {
  method: 'PUT',
  url,
  access: 'operate',
  schema: {
    operationId: 'setOverride',
    tags: ['overrides'],
    summary: 'Take a backend out of traffic, or set its health manually',
    description:
      '`maintenance`: the backend gets no new requests, and does not count when vitald decides whether its listener fails open. ' +
      '`forced_unhealthy`: the backend is treated as if its check failed. `forced_healthy`: the backend gets traffic, whatever the ' +
      'result of its check. The override replaces an earlier one. vitald keeps probing the backend. The override lasts until it expires ' +
      'or is ended: it survives reloads, restarts, crashes, and the removal and return of the backend. Once a client gets the response, ' +
      'the override is in force and saved.',
    params: backendParams,
    querystring: noQuery,
    body: {
      type: 'object',
      properties: { mode: { type: 'string', enum: [...overrideModes], description: 'Mode of the override.' }, ...noteProperties },
      required: ['mode', 'reason'],
      additionalProperties: false,
    },
    response: {
      200: jsonAnswer('The override is in force.', 'Override'),
      ...changeAnswers,
      404: problemAnswer('No such listener or backend.'),
      409: problemAnswer('Too many backends are overridden.'),
    },
  },
  examples: ['/v1/listeners/web/backends/app-2/override'],
  exampleBody: { mode: 'maintenance', reason: 'new kernel', by: 'alice', expires_in_seconds: 7200 },
  handler: (deps) => async (request) => {
    const { listener, backend } = pathOf(request);
    const { mode, by, reason } = request.body as NoteBody & { mode: OverrideMode };
    const { after } = await makeChange(deps, request, { action: 'override_set', listener, backend, by, reason }, async () => {
      backendOf(deps.state.model, listener, backend);
      return shown(await deps.control.overrides.setMode(listener, backend, mode, noteOf(request, instantNow())));
    }).then(({ change }) => change);
    return overrideObject(deps.state, after);
  },
};

function shown(change: OverrideChange): { change: OverrideChange; before: unknown; after: unknown; changed: true } {
  return { change, before: describeMode(change.before), after: describeMode(change.after), changed: true };
}

export const endOverrideRoute: ApiRoute = {
  method: 'DELETE',
  url,
  access: 'operate',
  schema: {
    operationId: 'endOverride',
    tags: ['overrides'],
    summary: 'End an override',
    description:
      'The check decides again. This also works for backends that do not exist at the moment. If there is no override, vitald returns ' +
      '404, so that a mistyped name is noticed. A client that repeats the request because a response was lost can treat 404 as success.',
    params: backendParams,
    querystring: endQuery,
    response: {
      200: jsonAnswer('The override has ended. A weight that an operator set stays.', 'Override'),
      ...changeAnswers,
      404: problemAnswer('No such listener or backend, or no override of it.'),
    },
  },
  examples: ['/v1/listeners/web/backends/app-2/override?reason=done'],
  handler: (deps) => async (request) => {
    const { listener, backend } = pathOf(request);
    const asked = { action: 'override_ended' as const, listener, backend, ...(request.query as EndQuery) };
    const { change } = await makeChange(deps, request, asked, async () => {
      const ended = await deps.control.overrides.endMode(listener, backend);
      if (ended === undefined) throw notOverridden(deps.state, pathOf(request));
      return shown(ended);
    });
    return overrideObject(deps.state, change.after);
  },
};

/** Names of listener and backend are told apart from what is just not overridden. */
function notOverridden({ model }: FrontState, { listener, backend }: BackendPath): CodedError {
  backendOf(model, listener, backend);
  return new CodedError(
    'override_not_found',
    `Backend ${JSON.stringify(backend)} of listener ${JSON.stringify(listener)} is not overridden.`,
  );
}

export const overrideRoute: ApiRoute = {
  url,
  schema: {
    operationId: 'getOverride',
    tags: ['overrides'],
    summary: 'Get the override of a backend',
    description: 'Returns author, reason and expiry. This also works for backends that do not exist at the moment.',
    params: backendParams,
    querystring: noQuery,
    response: {
      200: jsonAnswer('The override.', 'Override'),
      ...badRequest,
      404: problemAnswer('No such listener or backend, or no override of it.'),
    },
  },
  examples: ['/v1/listeners/web/backends/app-2/override'],
  handler:
    ({ state }) =>
    (request) => {
      const { listener, backend } = pathOf(request);
      const override = state.overrides.of(listener, backend);
      if (override === undefined || override.admin === 'none') throw notOverridden(state, pathOf(request));
      return overrideObject(state, override);
    },
};

export const overridesRoute: ApiRoute = {
  url: '/v1/overrides',
  schema: {
    operationId: 'listOverrides',
    tags: ['overrides'],
    summary: 'List everything that operators have set',
    description:
      'Returns the overrides and weights of all backends. `present: false` means that the backend is not configured now. vitald keeps ' +
      'its override, so that a backend in maintenance does not return to traffic unnoticed.',
    querystring: noQuery,
    response: { 200: jsonAnswer('Overrides and weights.', 'OverrideList'), ...badRequest },
  },
  examples: ['/v1/overrides'],
  handler:
    ({ state }) =>
    (_request, reply) =>
      reply.type('application/json; charset=utf-8').send(bodyOf(listPieces(state))),
};

function* listPieces(state: FrontState): Generator<Buffer> {
  const text = new TextWriter();
  text.add(`{"checker":${JSON.stringify(state.model.plan.checker)},"overrides":[`);
  let separator = '';
  for (const override of [...state.overrides.all()]) {
    text.add(separator + JSON.stringify(overrideObject(state, override)));
    separator = ',';
    if (text.full) yield text.take();
  }
  text.add(']}');
  yield text.take();
}
