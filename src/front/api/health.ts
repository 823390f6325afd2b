/** `GET /healthz` and `GET /readyz`: for whatever watches the checker itself. */
import { sendProblem } from '../http/problem.js';
import { badRequest, jsonAnswer, noQuery, problemAnswer } from '../http/route.js';
import type { ApiRoute } from './deps.js';

export const healthzRoute: ApiRoute = {
  url: '/healthz',
  access: 'health',
  schema: {
    operationId: 'alive',
    tags: ['checker'],
    summary: 'Whether the process is alive',
    description: 'Says nothing of the backends. It is answered as well while the state folder cannot be written: see `state_dir`.',
    querystring: noQuery,
    response: { 200: jsonAnswer('It is.', 'Alive'), ...badRequest },
  },
  examples: ['/healthz'],
  handler:
    ({ state }) =>
    () => ({ status: 'alive', state_dir: state.saves.health }),
};

export const readyzRoute: ApiRoute = {
  url: '/readyz',
  access: 'health',
  schema: {
    operationId: 'ready',
    tags: ['checker'],
    summary: 'Whether something is known of every enabled backend: it was probed once',
    description:
      'With the configuration in force. A verdict that was taken up from an earlier process counts as well: it is no older than one ' +
      'of a daemon that was never restarted, but for the ten minutes that it may have been away. After a reload it waits for ' +
      'backends that are new.',
    querystring: noQuery,
    response: { 200: jsonAnswer('It has.', 'Ready'), ...badRequest, 503: problemAnswer('Not yet; `missing` says how many are left.') },
  },
  examples: ['/readyz'],
  handler:
    ({ state }) =>
    (_request, reply) => {
      const { model } = state;
      const missing = model.unknownCount();
      const total = model.backendCount;
      if (missing === 0) return { status: 'ready', backends: total, checker: model.plan.checker };
      return sendProblem(reply, 'unavailable', `${missing} of ${total} backends have not been probed yet.`, { missing });
    },
};
