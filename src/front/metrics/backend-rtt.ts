import { seconds } from '../time.js';
import { backendLabelNames, forEachBackend } from './backend-labels.js';
import { noLabels, type Metric } from './metric.js';

export const backendRtt: Metric = {
  name: 'vitald_backend_last_probe_rtt_seconds',
  help: 'Round-trip time of the latest probe; no series when nothing came back.',
  type: 'gauge',
  labels: backendLabelNames,
  collect: (state) =>
    forEachBackend(state, (samples, slot, sharedLabels, status) => {
      const value = status.probes(slot) === 0 ? null : seconds(status.rttMs(slot));
      if (value !== null) samples.push({ labels: noLabels, sharedLabels, value });
    }),
};
