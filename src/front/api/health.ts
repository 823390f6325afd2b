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
    summary: 'Check whether the process is alive',
    description:
      'The answer does not depend on the backends. It stays 200 if vitald cannot write to the state folder; see `state_dir` for that.',
    querystring: noQuery,
    response: { 200: jsonAnswer('The process is alive.', 'Alive'), ...badRequest },
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
    summary: 'Check whether every enabled backend has been probed',
    description:
      'vitald is ready when every enabled backend of the current configuration has been probed once. A verdict restored from an ' +
      'earlier process counts too. Compared with a daemon that was never restarted, it is at most ten minutes older, which is the ' +
      'longest downtime. After a reload, vitald is not ready until new backends have been probed.',
    querystring: noQuery,
    response: {
      200: jsonAnswer('Every enabled backend has been probed.', 'Ready'),
      ...badRequest,
      503: problemAnswer('Not ready yet. `missing` is the number of backends that have not been probed.'),
    },
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
