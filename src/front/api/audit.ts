/** `GET /v1/audit`: who changed what, and why. */
import { entriesKept } from '../control/audit.js';
import { badRequest, jsonAnswer, type Parameters, type Route } from './route.js';

const querystring: Parameters = {
  type: 'object',
  properties: { limit: { type: 'integer', minimum: 1, maximum: entriesKept, default: 100, description: 'How many to list.' } },
  additionalProperties: false,
};

export const auditRoute: Route = {
  url: '/v1/audit',
  // It names people and where they are.
  access: 'operate',
  schema: {
    operationId: 'getAudit',
    tags: ['overrides'],
    summary: 'Who changed what over the API, from where and why',
    description: `The last ${entriesKept} changes and refused ones, newest first. \`state_dir/audit.log\` has more, and so has the log (\`audit: true\`).`,
    querystring,
    response: { 200: jsonAnswer('The entries.', 'AuditList'), ...badRequest },
  },
  examples: ['/v1/audit?limit=20'],
  handler:
    ({ control, state }) =>
    (request) => {
      const { limit } = request.query as { limit: number };
      return { checker: state.model.plan.checker, entries: control.audit.latest(limit) };
    },
};
