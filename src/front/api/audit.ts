/** `GET /v1/audit`: who changed what, and why. */
import { auditResults, entriesKept, type AuditEntry } from '../control/audit.js';
import { badRequest, jsonAnswer, type Parameters } from '../http/route.js';
import type { ApiRoute } from './deps.js';

const querystring: Parameters = {
  type: 'object',
  properties: {
    result: { type: 'string', enum: [...auditResults], description: 'Only entries with this result.' },
    limit: { type: 'integer', minimum: 1, maximum: entriesKept, default: 100, description: 'How many to list.' },
  },
  additionalProperties: false,
};

export const auditRoute: ApiRoute = {
  url: '/v1/audit',
  // It names people and where they are.
  access: 'operate',
  schema: {
    operationId: 'getAudit',
    tags: ['overrides'],
    summary: 'Who changed what over the API, from where and why',
    description:
      `The last ${entriesKept} changes, and beside them the last refusals and requests for a probe, newest first. A caller that does much ` +
      'pushes out its own entries, not those of others. Refusals alike have at most 5 entries a minute. `state_dir/audit.log` has more of ' +
      'the changes, `state_dir/audit-minor.log` of the rest, and the log has both (`audit: true`).',
    querystring,
    response: { 200: jsonAnswer('The entries.', 'AuditList'), ...badRequest },
  },
  examples: ['/v1/audit?limit=20'],
  handler:
    ({ control, state }) =>
    (request) => {
      const { limit, result } = request.query as { limit: number; result?: AuditEntry['result'] };
      return { checker: state.model.plan.checker, entries: control.audit.latest(limit, result) };
    },
};
