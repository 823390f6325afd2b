/** Backends that a control plane adds, changes and removes while vitald runs: one at a time, or all of a listener. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { formatEndpoint } from '../../endpoint.js';
import type { RuntimeBackend } from '../../config/plan.js';
import { runtimeWarnings } from '../../config/runtime-backends.js';
import { CodedError } from '../../errors.js';
import { callerOf } from '../access/caller.js';
import type { Condition } from '../control/condition.js';
import type { RawDefinition } from '../control/definition.js';
import { describeRuntime } from '../control/describe.js';
import { listRefused, mostRuntimeBackends, type ReplaceResult } from '../control/edits.js';
import { backendTag } from '../view/runtime-store.js';
import { rfc3339 } from '../http/time.js';
import { backendMissing, backendParams, listenerParams } from './backends.js';
import { dataChecker } from './body-validation.js';
import { makeChange } from './change.js';
import { listenerMissing } from '../view/listener-missing.js';
import { changeAnswers, pathOf } from './override.js';
import { emptyAnswer, jsonAnswer, noQuery, problemAnswer, type Parameters } from '../http/route.js';
import type { ApiDeps, ApiRoute } from './deps.js';
import { definitionSchema, namedDefinitionSchema } from './schemas/runtime-backend.js';

const url = '/v1/listeners/:listener/backends/:backend';

const networkRefused = { 403: problemAnswer('The address is outside `server.allowed_networks`.') };

const refusals = {
  ...changeAnswers,
  412: problemAnswer('Another client has changed it in the meantime: `If-Match` or `If-None-Match` does not match.'),
};

function conditionOf({ headers }: FastifyRequest): Condition {
  return { ifMatch: headers['if-match'], ifNoneMatch: headers['if-none-match'] };
}

export const putBackendRoute: ApiRoute = {
  method: 'PUT',
  url,
  access: 'admin',
  schema: {
    operationId: 'putBackend',
    tags: ['runtime backends'],
    summary: 'Add or change a runtime backend',
    description:
      'A runtime backend exists in addition to those of the configuration file and follows the same rules. It starts as `initial`, and ' +
      'survives reloads, restarts and crashes. The id is a name or ADDRESS:PORT. If it is ADDRESS:PORT, the body can be `{}`. ' +
      '`port` defaults to the port of the listener, and `weight` to 1. Repeating the same request changes nothing. With another address or ' +
      'port, the backend is a new one without a verdict. If a later configuration file contains the backend, by id or by address and ' +
      'port, it belongs to the file from then on. `ETag` is the version of the definition. Send it as `If-Match` to change only the ' +
      'version that you have seen, or send `If-None-Match: *` to add only.',
    params: backendParams,
    querystring: noQuery,
    body: definitionSchema,
    response: {
      200: jsonAnswer('The backend existed, and now has this definition.', 'RuntimeBackend'),
      201: jsonAnswer('The backend was added.', 'RuntimeBackend'),
      ...refusals,
      ...networkRefused,
      404: problemAnswer('No such listener.'),
      409: problemAnswer(
        'The backend is defined in the configuration file, another backend has this address and port, or there are too many backends.',
      ),
    },
  },
  examples: ['/v1/listeners/web/backends/app-9'],
  exampleBody: { address: '10.0.0.9', port: 8080, weight: 10 },
  handler: (deps) => async (request, reply) => {
    const { listener, backend: id } = pathOf(request);
    const { result } = await makeChange(deps, request, { action: 'backend_put', listener, backend: id }, async () => {
      requireListener(deps, listener);
      const edit = { listener, id, body: request.body as RawDefinition, condition: conditionOf(request), by: callerOf(request).name };
      const result = await deps.control.runtime.put(edit);
      const { before, after } = result;
      return { result, before: describeRuntime(before), after: describeRuntime(after), changed: before !== after };
    });
    reply.code(result.before === undefined ? 201 : 200).header('etag', backendTag(result.after));
    const { address, port } = result.after;
    const { address: written, port: writtenPort } = request.body as RawDefinition;
    // An id of the form ADDRESS:PORT leaves no doubt about the port.
    const asWritten =
      written === undefined || id === formatEndpoint(address, port) ? { address, port } : { address: written, port: writtenPort };
    return { ...runtimeObject(listener, result.after), warning: warningOf(deps, listener, asWritten) };
  },
};

/** What is doubtful about one backend; null: nothing. */
function warningOf({ state }: Pick<ApiDeps, 'state'>, name: string, written: { address: string; port: number | undefined }): string | null {
  const plan = state.model.listener(name)?.plan;
  const warnings = plan === undefined ? [] : runtimeWarnings(written, plan);
  return warnings.length === 0 ? null : warnings.join(' ');
}

function requireListener({ state }: Pick<ApiDeps, 'state'>, name: string): void {
  if (state.model.listener(name) === undefined) throw new CodedError('listener_not_found', listenerMissing(state.model, name));
}

function runtimeObject(listener: string, { id, address, port, weight, version, by, at }: RuntimeBackend): Record<string, unknown> {
  return { listener, backend: id, address, port, weight, version, by, at: rfc3339(at) };
}

export const deleteBackendRoute: ApiRoute = {
  method: 'DELETE',
  url,
  access: 'admin',
  schema: {
    operationId: 'deleteBackend',
    tags: ['runtime backends'],
    summary: 'Remove a runtime backend',
    description:
      'vitald removes the backend at once. To let requests end first, set its weight to 0 before. vitald keeps an override of the backend, ' +
      'in case the backend returns. If the backend does not exist, vitald returns 404. A client that repeats the request can treat that ' +
      'as success.',
    params: backendParams,
    querystring: noQuery,
    response: {
      204: emptyAnswer('The backend was removed.'),
      ...refusals,
      404: problemAnswer('No such listener or backend.'),
      409: problemAnswer('The backend is defined in the configuration file.'),
    },
  },
  examples: ['/v1/listeners/web/backends/app-9'],
  handler: (deps) => async (request, reply) => {
    const { listener, backend: id } = pathOf(request);
    await makeChange(deps, request, { action: 'backend_deleted', listener, backend: id }, async () => {
      // One that waits for its listener to be configured can be removed, too.
      if (!deps.state.runtime.of(listener).has(id)) requireListener(deps, listener);
      if (!deps.state.runtime.of(listener).has(id) && deps.state.model.backend(listener, id) === undefined) {
        throw new CodedError('backend_not_found', backendMissing(listener, id));
      }
      const before = await deps.control.runtime.delete({ listener, id, condition: conditionOf(request), by: callerOf(request).name });
      return { before: describeRuntime(before), after: null, changed: true };
    });
    return reply.code(204).send();
  },
};

const replaceQuery: Parameters = {
  type: 'object',
  properties: {
    allow_empty: {
      type: 'boolean',
      default: false,
      description: 'Allow an empty list to remove the last backends of a listener. Otherwise vitald rejects it as a likely mistake.',
    },
  },
  additionalProperties: false,
};

export const replaceBackendsRoute: ApiRoute = {
  method: 'PUT',
  url: '/v1/listeners/:listener/backends',
  access: 'admin',
  bodyBytes: 2 * 1024 * 1024,
  checksBody: true,
  schema: {
    operationId: 'replaceBackends',
    tags: ['runtime backends'],
    summary: 'Replace all runtime backends of a listener',
    description:
      'vitald removes runtime backends that are not in the list. Those that already exist keep verdict and counts. Backends of the ' +
      'configuration file stay as they are, and must not be in the list. The change is all or nothing: if vitald rejects one of the ' +
      'backends, it changes nothing, and `problems` names each rejected backend by its `index`. `ETag` covers the whole set, as with ' +
      '`GET …/backends?source=runtime`.',
    params: listenerParams,
    querystring: replaceQuery,
    body: {
      type: 'object',
      properties: {
        backends: {
          type: 'array',
          maxItems: mostRuntimeBackends,
          items: namedDefinitionSchema,
          description: 'All runtime backends of the listener.',
        },
      },
      required: ['backends'],
      additionalProperties: false,
    },
    response: {
      200: jsonAnswer('The runtime backends of the listener were replaced.', 'RuntimeBackendsChanged'),
      ...refusals,
      ...networkRefused,
      404: problemAnswer('No such listener.'),
      409: problemAnswer(
        'One of the backends is defined in the configuration file, two are the same, there are too many, or the listener would have none left.',
      ),
    },
  },
  examples: ['/v1/listeners/web/backends'],
  exampleBody: {
    backends: [
      { name: 'app-8', address: '10.0.0.8' },
      { address: '10.0.0.9', port: 8080, weight: 10 },
    ],
  },
  handler: (deps) => async (request, reply) => {
    const { listener } = request.params as { listener: string };
    const { allow_empty: allowEmpty } = request.query as { allow_empty: boolean };
    const { result } = await makeChange(deps, request, { action: 'backends_replaced', listener, backend: null }, async () => {
      requireListener(deps, listener);
      const backends = definitionsOf(request.body);
      const edit = { listener, backends, allowEmpty, condition: conditionOf(request), by: callerOf(request).name };
      return madeOf(await deps.control.runtime.replace(edit));
    });
    return {
      ...sendReplaced(reply, listener, result),
      warnings: warningsOf(deps, listener, (request.body as { backends: readonly RawDefinition[] }).backends),
    };
  },
};

const bodyProblem = dataChecker({
  type: 'object',
  properties: {
    backends: { type: 'array', maxItems: mostRuntimeBackends, 'x-allowed': `a list of at most ${mostRuntimeBackends} backends` },
  },
  required: ['backends'],
  additionalProperties: false,
});
const definitionProblem = dataChecker(namedDefinitionSchema);

/** Looks at every backend of a list, so that all that is wrong can be told at once. @throws EditRefused */
function definitionsOf(body: unknown): readonly RawDefinition[] {
  const problem = bodyProblem(body);
  if (problem !== undefined) throw new CodedError('bad_request', `In the body, ${problem}.`);
  const { backends } = body as { backends: readonly unknown[] };
  const problems = backends.flatMap((backend, index) => {
    const message = definitionProblem(backend);
    return message === undefined ? [] : [{ index, code: 'bad_request' as const, message }];
  });
  if (problems.length > 0) throw listRefused(problems);
  return backends as readonly RawDefinition[];
}

/** Warnings that an answer has at most. */
const warningsShown = 100;

/** What is doubtful about the backends of a list, a sentence each. */
function warningsOf(deps: Pick<ApiDeps, 'state'>, listener: string, backends: readonly RawDefinition[]): string[] {
  const warnings: string[] = [];
  for (const { name, address = '', port } of backends) {
    const warning = warningOf(deps, listener, { address, port });
    if (warning !== null) warnings.push(name === undefined ? warning : `${name}: ${warning}`);
    if (warnings.length === warningsShown) break;
  }
  return warnings;
}

/** Ids that a line of the audit log names. */
const idsNoted = 50;

function madeOf(result: ReplaceResult): { result: ReplaceResult; before: unknown; after: unknown; changed: boolean } {
  const { added, changed, removed, total, tag, tagBefore } = result;
  const some = (ids: readonly string[]): object => ({ count: ids.length, ids: ids.slice(0, idsNoted) });
  return {
    result,
    before: { total: total - added.length + removed.length, etag: tagBefore },
    after: { total, etag: tag, added: some(added), changed: some(changed), removed: some(removed) },
    changed: tag !== tagBefore,
  };
}

function sendReplaced(
  reply: FastifyReply,
  listener: string,
  { total, added, changed, removed, tag }: ReplaceResult,
): Record<string, unknown> {
  reply.header('etag', tag);
  return { listener, total, added, changed, removed };
}
