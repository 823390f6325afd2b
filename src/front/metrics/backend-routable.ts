import { backendLabelNames, type BackendMetric } from './backend-metric.js';

export const backendRoutable: BackendMetric = {
  name: 'vitald_backend_routable',
  help: '1 when the load balancer should send new requests to the backend, else 0.',
  type: 'gauge',
  labels: backendLabelNames,
  collect: (status, slot, series) => series('', status.routable(slot) ? 1 : 0),
};
