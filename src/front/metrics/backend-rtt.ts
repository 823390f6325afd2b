import { seconds } from '../http/time.js';
import { backendLabelNames, type BackendMetric } from './backend-metric.js';

export const backendRtt: BackendMetric = {
  name: 'vitald_backend_last_probe_rtt_seconds',
  help: 'Round-trip time of the latest probe; no series when nothing came back.',
  type: 'gauge',
  labels: backendLabelNames,
  collect: (status, slot, series) => {
    const value = status.probes(slot) === 0 ? null : seconds(status.rttMs(slot));
    if (value !== null) series('', value);
  },
};
