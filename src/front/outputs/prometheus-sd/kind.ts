/** Prometheus learns from vitald which backends there are, and in which state. */
import { checkListeners, listenersSchema } from '../listeners-option.js';
import type { OutputKind } from '../output.js';
import { PrometheusSdOutput } from './output.js';
import { targetsRoute } from './route.js';

export const prometheusSd: OutputKind = {
  name: 'prometheus_sd',
  summary: 'Prometheus takes the backends as targets from `GET /v1/sd` (HTTP service discovery).',
  isOnlyOne: true,
  optionsSchema: {
    listeners: listenersSchema('The listeners whose backends are targets. Prometheus must ask for each of them.'),
    only: {
      type: 'string',
      enum: ['all', 'routable'],
      default: 'all',
      description: 'Which backends are targets: all, with their state as a label, or only those that get new requests.',
    },
  },
  check: (options, context) => checkListeners(options, context),
  routes: [targetsRoute],
  create: (context) => new PrometheusSdOutput(context),
};
