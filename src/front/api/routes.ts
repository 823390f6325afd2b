/** Every call of the API. Server, OpenAPI and docs/api.md are made from this list. */
import { auditRoute } from './audit.js';
import { backendRoute, backendsRoute } from './backends.js';
import { diagnosisRoute, startDiagnosisRoute } from './diagnosis.js';
import { eventsRoute } from './events.js';
import { healthzRoute, readyzRoute } from './health.js';
import { listenerRoute, listenersRoute } from './listeners.js';
import { metricsRoute } from './metrics.js';
import { openApiRoute } from './openapi.js';
import { outputsRoute } from './outputs.js';
import { endOverrideRoute, overrideRoute, overridesRoute, setOverrideRoute } from './override.js';
import { probeRoute } from './probe.js';
import { rootRoute } from './root.js';
import { outputKinds } from '../outputs/registry.js';
import type { ApiRoute } from './deps.js';
import { deleteBackendRoute, putBackendRoute, replaceBackendsRoute } from './runtime-backends.js';
import { statusRoute } from './status.js';
import { endWeightRoute, setWeightRoute } from './weight.js';

export const routes: readonly ApiRoute[] = [
  listenersRoute,
  listenerRoute,
  backendsRoute,
  backendRoute,
  replaceBackendsRoute,
  putBackendRoute,
  deleteBackendRoute,
  setOverrideRoute,
  overrideRoute,
  endOverrideRoute,
  overridesRoute,
  setWeightRoute,
  endWeightRoute,
  probeRoute,
  auditRoute,
  startDiagnosisRoute,
  diagnosisRoute,
  statusRoute,
  eventsRoute,
  outputsRoute,
  healthzRoute,
  readyzRoute,
  metricsRoute,
  rootRoute,
  openApiRoute,
  ...outputKinds.flatMap(({ routes = [] }) => routes),
];
