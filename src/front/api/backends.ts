/** `GET /v1/listeners/{listener}/backends` and `…/backends/{backend}`. */
import type { FastifyReply } from 'fastify';
import { states, type State } from '../../health/state.js';
import { type ListenerView, type Model } from '../view/model.js';
import { TextWriter } from '../http/text-writer.js';
import { backendTag, setTag } from '../view/runtime-store.js';
import { BackendJsonWriter, writeBackendDetail } from './backend-json.js';
import { idOfCursor, pageOf, type Page } from './cursor.js';
import { listenerNotFound, listenerParameter } from './listeners.js';
import { sendProblem } from '../http/problem.js';
import { badRequest, jsonAnswer, noQuery, problemAnswer, type Parameters } from '../http/route.js';
import type { ApiRoute } from './deps.js';

export const listenerParams: Parameters = {
  type: 'object',
  properties: { listener: listenerParameter },
  required: ['listener'],
  additionalProperties: false,
};

const querystring: Parameters = {
  type: 'object',
  properties: {
    state: { type: 'string', enum: [...states], description: 'Only backends in this state.' },
    routable: { type: 'boolean', description: 'Only routable backends (true), or only backends that are not routable (false).' },
    stale: { type: 'boolean', description: 'Only backends with a stale verdict (true), or only the others (false).' },
    source: {
      type: 'string',
      enum: ['file', 'runtime'],
      description: 'Only backends of the configuration file, or only those added over the API.',
    },
    limit: { type: 'integer', minimum: 1, maximum: 1000, default: 100, description: 'Maximum number of backends per page.' },
    cursor: { type: 'string', maxLength: 2000, description: 'The `next_cursor` of the previous page.' },
  },
  additionalProperties: false,
};

interface Query {
  readonly state?: State;
  readonly routable?: boolean;
  readonly stale?: boolean;
  readonly source?: 'file' | 'runtime';
  readonly limit: number;
  readonly cursor?: string;
}

export const backendsRoute: ApiRoute = {
  url: '/v1/listeners/:listener/backends',
  schema: {
    operationId: 'listBackends',
    tags: ['backends'],
    summary: 'List the backends of a listener, page by page',
    description:
      'Backends are listed in the order of their ids. A backend that exists throughout is therefore listed exactly once, even if others are added or removed between pages.',
    params: listenerParams,
    querystring,
    response: { 200: jsonAnswer('A page of backends.', 'BackendList'), ...badRequest, 404: problemAnswer('No such listener.') },
  },
  examples: ['/v1/listeners/web/backends', '/v1/listeners/web/backends?state=unhealthy&limit=10'],
  handler:
    ({ state: front }) =>
    (request, reply) => {
      const { model } = front;
      const { listener: name } = request.params as { listener: string };
      const { state, routable, stale, source, limit, cursor } = request.query as Query;
      const listener = model.listener(name);
      if (!listener) return listenerNotFound(reply, model, name);
      const after = cursor === undefined ? undefined : idOfCursor(cursor);
      if (cursor !== undefined && after === undefined) {
        return sendProblem(reply, 'bad_request', '`cursor` must be the `next_cursor` of an earlier answer, or be left out.');
      }
      const wanted = (slot: number, place: number): boolean =>
        (state === undefined || model.status.state(slot) === state) &&
        (routable === undefined || model.status.routable(slot) === routable) &&
        (stale === undefined || model.status.stale(slot) === stale) &&
        (source === undefined || (source === 'runtime') === listener.backends.isRuntime(place));
      if (source === 'runtime') reply.header('etag', setTag(front.runtime.of(name)));
      return reply.type('application/json; charset=utf-8').send(pageBody(model, listener, pageOf(listener, wanted, after, limit)));
    },
};

function pageBody(model: Model, listener: ListenerView, { places, nextCursor }: Page): Buffer {
  const text = new TextWriter();
  const backends = new BackendJsonWriter(text, model);
  const around = { checker: model.plan.checker, listener: listener.plan.name, total: listener.slots.length };
  text.add(`${JSON.stringify(around).slice(0, -1)},"backends":[`);
  places.forEach((place, index) => {
    if (index > 0) text.add(',');
    backends.write(listener, place);
  });
  text.add(`],"next_cursor":${JSON.stringify(nextCursor ?? null)}}`);
  return text.take();
}

export const backendParams: Parameters = {
  type: 'object',
  properties: {
    listener: listenerParameter,
    backend: { type: 'string', description: 'Id of the backend: its name, or ADDRESS:PORT. Percent-encode it if needed.' },
  },
  required: ['listener', 'backend'],
  additionalProperties: false,
};

export const backendRoute: ApiRoute = {
  url: '/v1/listeners/:listener/backends/:backend',
  schema: {
    operationId: 'getBackend',
    tags: ['backends'],
    summary: 'Get a backend with its recent probes and changes of state',
    description:
      'Percent-encode the id: `[::1]:80` is `%5B::1%5D:80`, and `/` is `%2F`. For a runtime backend, `ETag` is the version of its definition.',
    params: backendParams,
    querystring: noQuery,
    response: { 200: jsonAnswer('The backend.', 'BackendDetail'), ...badRequest, 404: problemAnswer('No such listener or backend.') },
  },
  examples: ['/v1/listeners/web/backends/app-2', '/v1/listeners/web/backends/%5B2001:db8::7%5D:80'],
  handler:
    ({ state }) =>
    (request, reply) => {
      const { model } = state;
      const { listener: name, backend: id } = request.params as { listener: string; backend: string };
      if (!model.listener(name)) return listenerNotFound(reply, model, name);
      const backend = model.backend(name, id);
      if (!backend) return backendNotFound(reply, name, id);
      const text = new TextWriter();
      writeBackendDetail(text, state, backend);
      const runtime = state.runtime.of(name).get(id);
      if (runtime !== undefined) reply.header('etag', backendTag(runtime));
      return reply.type('application/json; charset=utf-8').send(text.take());
    },
};

export function backendNotFound(reply: FastifyReply, listener: string, id: string): FastifyReply {
  return sendProblem(reply, 'backend_not_found', backendMissing(listener, id));
}

export function backendMissing(listener: string, id: string): string {
  const where = `/v1/listeners/${encodeURIComponent(listener)}/backends`;
  return `Listener ${JSON.stringify(listener)} has no backend ${JSON.stringify(id)}; see ${where}.`;
}
