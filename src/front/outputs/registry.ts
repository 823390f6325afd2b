/** Every kind of output: one line each. Configuration, documentation, API and metrics follow from this list. */
import { envoy } from './envoy/kind.js';
import type { OutputKind } from './output.js';
import { prometheusSd } from './prometheus-sd/kind.js';

export const outputKinds: readonly OutputKind[] = [envoy, prometheusSd];
