import { isOutOfService } from '../../health/routable.js';
import { backendLabelNames, type BackendMetric } from './backend-metric.js';

/** Only backends that are out of service have a series: they are few, and the alert rules leave them out by it. */
export const backendOutOfService: BackendMetric = {
  name: 'vitald_backend_out_of_service',
  help: '1 for a backend that is kept out of traffic on purpose, by maintenance or weight 0; other backends have no series.',
  type: 'gauge',
  labels: [...backendLabelNames, 'because'],
  collect: (status, slot, series) => {
    const because = status.because(slot);
    if (isOutOfService(because)) series(`,because="${because}"`, 1);
  },
};
