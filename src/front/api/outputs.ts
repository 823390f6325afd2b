/** `GET /v1/outputs`: whether load balancers and other systems get what vitald finds. */
import type { ShownOutput } from '../outputs/outputs.js';
import { rfc3339 } from '../http/time.js';
import { badRequest, jsonAnswer, noQuery } from '../http/route.js';
import type { ApiRoute } from './deps.js';

export const outputsRoute: ApiRoute = {
  url: '/v1/outputs',
  schema: {
    operationId: 'listOutputs',
    tags: ['outputs'],
    summary: 'List the outputs, and whether they work',
    description: 'Outputs are listed by kind, then in the order of the configuration. docs/outputs/ explains each kind and its `details`.',
    querystring: noQuery,
    response: { 200: jsonAnswer('The outputs.', 'OutputList'), ...badRequest },
  },
  examples: ['/v1/outputs'],
  handler:
    ({ state, outputs }) =>
    () => ({ checker: state.model.plan.checker, revision: state.changes.revision, outputs: outputs.states().map(outputObject) }),
};

function outputObject({ name, type, state: output, behind }: ShownOutput): Record<string, unknown> {
  const { state, revision, lastSuccessAt, lastFailureAt, problem, successes, failures, details } = output;
  return {
    name,
    type,
    state,
    revision: revision ?? null,
    behind: behind ?? null,
    last_success_at: timeOrNull(lastSuccessAt),
    last_failure_at: timeOrNull(lastFailureAt),
    problem: problem ?? null,
    successes,
    failures,
    details,
  };
}

function timeOrNull(at: number | undefined): string | null {
  return at === undefined ? null : rfc3339(at);
}
