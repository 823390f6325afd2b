/** Diagnosis of the service on a port: TLS, HTTP, and the traps of checks that pass. */
import type { Rule } from '../step.js';
import { failingRequest } from './rules/failing-request.js';
import { trapRules } from './rules/traps.js';

export { serviceSteps } from './steps.js';
export { trapRules } from './rules/traps.js';

/** In the order in which they speak; the traps come last. */
export const serviceRules: readonly Rule[] = [failingRequest, ...trapRules];
