/** `GET /v1/audit`: who changed what, and why. */
import { auditResults, entriesKept, type AuditEntry } from '../control/audit.js';
import { badRequest, jsonAnswer, type Parameters } from '../http/route.js';
import type { ApiRoute } from './deps.js';

const querystring: Parameters = {
  type: 'object',
  properties: {
    result: { type: 'string', enum: [...auditResults], description: 'Only entries with this result.' },
    limit: { type: 'integer', minimum: 1, maximum: entriesKept, default: 100, description: 'Maximum number of entries.' },
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
    summary: 'Audit log of changes over the API',
    description:
      'Each entry records the caller, its address, the change and the reason. ' +
      `Returns the last ${entriesKept} changes, the last rejected requests and the last probes on request, newest first. A caller that makes ` +
      'many changes displaces its own entries, not those of others. Similar rejected requests get at most 5 entries a minute. ' +
      '`state_dir/audit.log` keeps more of the changes, and `state_dir/audit-minor.log` more of the rest. The log contains both (`audit: true`).',
    querystring,
    response: { 200: jsonAnswer('Entries of the audit log.', 'AuditList'), ...badRequest },
  },
  examples: ['/v1/audit?limit=20'],
  handler:
    ({ control, state }) =>
    (request) => {
      const { limit, result } = request.query as { limit: number; result?: AuditEntry['result'] };
      return { checker: state.model.plan.checker, entries: control.audit.latest(limit, result) };
    },
};
