/** Every schema that answers follow, by its `$id`. */
import type { Schema } from '../../http/route.js';
import { auditListSchema } from './audit.js';
import { backendDetailSchema, backendListSchema, backendSchema } from './backend.js';
import { diagnosisSchema, reportSchema } from './diagnosis.js';
import { eventSchema, resetSchema } from './event.js';
import { aliveSchema, readySchema } from './health.js';
import { listenerDetailSchema, listenerListSchema, listenerSchema } from './listener.js';
import { outputListSchema, outputSchema } from './output.js';
import { overrideListSchema, overrideSchema } from './override.js';
import { problemSchema } from './problem.js';
import { runtimeBackendsChangedSchema, runtimeBackendSchema } from './runtime-backend.js';
import { statusSchema } from './status.js';

export const sharedSchemas: readonly Schema[] = [
  backendSchema,
  backendDetailSchema,
  backendListSchema,
  listenerSchema,
  listenerListSchema,
  listenerDetailSchema,
  runtimeBackendSchema,
  runtimeBackendsChangedSchema,
  overrideSchema,
  overrideListSchema,
  auditListSchema,
  diagnosisSchema,
  reportSchema,
  statusSchema,
  eventSchema,
  resetSchema,
  outputSchema,
  outputListSchema,
  aliveSchema,
  readySchema,
  problemSchema,
];
