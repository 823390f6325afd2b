/** Every schema that answers follow, by its `$id`. */
import type { Schema } from '../route.js';
import { backendDetailSchema, backendListSchema, backendSchema } from './backend.js';
import { diagnosisSchema, reportSchema } from './diagnosis.js';
import { eventSchema, resetSchema } from './event.js';
import { aliveSchema, readySchema } from './health.js';
import { listenerDetailSchema, listenerListSchema, listenerSchema } from './listener.js';
import { problemSchema } from './problem.js';
import { statusSchema } from './status.js';

export const sharedSchemas: readonly Schema[] = [
  backendSchema,
  backendDetailSchema,
  backendListSchema,
  listenerSchema,
  listenerListSchema,
  listenerDetailSchema,
  diagnosisSchema,
  reportSchema,
  statusSchema,
  eventSchema,
  resetSchema,
  aliveSchema,
  readySchema,
  problemSchema,
];
