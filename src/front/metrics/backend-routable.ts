import { backendLabelNames, forEachBackend } from './backend-labels.js';
import { noLabels, type Metric } from './metric.js';

export const backendRoutable: Metric = {
  name: 'vitald_backend_routable',
  help: '1 when the load balancer should send new requests to the backend, else 0.',
  type: 'gauge',
  labels: backendLabelNames,
  collect: (state) =>
    forEachBackend(state, (samples, slot, sharedLabels, status) => {
      samples.push({ labels: noLabels, sharedLabels, value: status.routable(slot) ? 1 : 0 });
    }),
};
