import { backendLabelNames, forEachBackend } from './backend-labels.js';
import type { Metric } from './metric.js';

const toHealthy = { to: 'healthy' };
const toUnhealthy = { to: 'unhealthy' };

export const backendTransitions: Metric = {
  name: 'vitald_backend_transitions_total',
  help: 'How often the backend became healthy or unhealthy, the first verdict included.',
  type: 'counter',
  labels: [...backendLabelNames, 'to'],
  collect: (state) =>
    forEachBackend(state, (samples, slot, sharedLabels, status) => {
      samples.push(
        { labels: toHealthy, sharedLabels, value: status.toHealthy(slot) },
        { labels: toUnhealthy, sharedLabels, value: status.toUnhealthy(slot) },
      );
    }),
};
