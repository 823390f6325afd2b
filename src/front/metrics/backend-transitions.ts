import { backendLabelNames, type BackendMetric } from './backend-metric.js';

export const backendTransitions: BackendMetric = {
  name: 'vitald_backend_transitions_total',
  help: 'How often the backend became healthy or unhealthy, the first verdict included.',
  type: 'counter',
  labels: [...backendLabelNames, 'to'],
  collect: (status, slot, series) => {
    series(',to="healthy"', status.toHealthy(slot));
    series(',to="unhealthy"', status.toUnhealthy(slot));
  },
};
