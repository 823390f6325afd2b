import { backendLabelNames, type BackendMetric } from './backend-metric.js';

/** Only the present state has a series: four for each backend would cost four times as much and say no more. */
export const backendState: BackendMetric = {
  name: 'vitald_backend_state',
  help: '1 for the present state of the backend; other states have no series.',
  type: 'gauge',
  labels: [...backendLabelNames, 'state'],
  collect: (status, slot, series) => series(`,state="${status.state(slot)}"`, 1),
};
