/** `GET /v1/listeners` and `GET /v1/listeners/{listener}`. */
import { withoutSecrets } from '../../config/secrets.js';
import type { FastifyReply } from 'fastify';
import { instantNow, msUntil, wallTimeOf, type Instant } from '../../instant.js';
import { listenerMissing } from '../view/listener-missing.js';
import type { ListenerView, Model } from '../view/model.js';
import { rfc3339, seconds } from '../http/time.js';
import { sendProblem } from '../http/problem.js';
import { badRequest, jsonAnswer, noQuery, problemAnswer, type Parameters } from '../http/route.js';
import type { ApiRoute } from './deps.js';

export const listenerParameter = { type: 'string', description: 'Name of the listener. Percent-encode it if needed.' };

export const listenersRoute: ApiRoute = {
  url: '/v1/listeners',
  schema: {
    operationId: 'listListeners',
    tags: ['listeners'],
    summary: 'List all listeners with the number of their backends by state',
    description: 'Listeners are listed in the order of the configuration.',
    querystring: noQuery,
    response: { 200: jsonAnswer('The listeners.', 'ListenerList'), ...badRequest },
  },
  examples: ['/v1/listeners'],
  handler:
    ({ state }) =>
    () => {
      const { model } = state;
      return { checker: model.plan.checker, listeners: model.listeners.map((listener) => listenerObject(model, listener)) };
    },
};

const params: Parameters = {
  type: 'object',
  properties: { listener: listenerParameter },
  required: ['listener'],
  additionalProperties: false,
};

export const listenerRoute: ApiRoute = {
  url: '/v1/listeners/:listener',
  schema: {
    operationId: 'getListener',
    tags: ['listeners'],
    summary: 'Get a listener with its effective check',
    description: 'Returns the check in force, including the defaults of the profile, and the method of its probes on this machine.',
    params,
    querystring: noQuery,
    response: { 200: jsonAnswer('The listener.', 'ListenerDetail'), ...badRequest, 404: problemAnswer('No such listener.') },
  },
  examples: ['/v1/listeners/web'],
  handler:
    ({ state }) =>
    (request, reply) => {
      const { model } = state;
      const { listener: name } = request.params as { listener: string };
      const listener = model.listener(name);
      return listener ? listenerDetail(model, listener, instantNow()) : listenerNotFound(reply, model, name);
    },
};

/** 404 that names what there is, as long as that is readable. */
export function listenerNotFound(reply: FastifyReply, model: Model, name: string): FastifyReply {
  return sendProblem(reply, 'listener_not_found', listenerMissing(model, name));
}

function listenerObject(model: Model, listener: ListenerView): Record<string, unknown> {
  const { name, protocol, port, profile, checkWarnings = [] } = listener.plan;
  const { states: counts, routable, stale, total } = model.counts(listener);
  const check_warning = checkWarnings.length === 0 ? null : checkWarnings.join(' ');
  return { name, protocol, port: port ?? null, profile, counts, routable, stale, total, check_warning };
}

function listenerDetail(model: Model, listener: ListenerView, now: Instant): Record<string, unknown> {
  const { plan, settlesAt } = listener;
  return {
    checker: model.plan.checker,
    ...listenerObject(model, listener),
    check: checkObject(listener),
    all_unhealthy: plan.allUnhealthy,
    initial: plan.initial,
    settles_at: settlesAt !== undefined && msUntil(settlesAt, now) > 0 ? rfc3339(wallTimeOf(settlesAt, now)) : null,
  };
}

function checkObject({ plan: { check }, checkMethod }: ListenerView): Record<string, unknown> {
  return {
    enabled: check.enabled,
    type: check.type,
    interval_seconds: seconds(check.intervalMs),
    timeout_seconds: seconds(check.timeoutMs),
    healthy_threshold: check.healthyThreshold,
    unhealthy_threshold: check.unhealthyThreshold,
    initial_passes: check.initialPasses,
    pace: check.pace,
    port: check.port ?? null,
    source: check.source ?? null,
    interface: check.interface ?? null,
    options: withoutSecrets(check.options),
    method_used: checkMethod.method,
    method_warning: checkMethod.warning ?? null,
  };
}
