import { histogramSamples, noLabels, type Metric } from './metric.js';

const name = 'vitald_probe_start_delay_seconds';

export const probeStartDelay: Metric = {
  name,
  help: 'How late probes start: the checker’s own punctuality.',
  type: 'histogram',
  labels: [],
  collect: ({ model }) => histogramSamples(name, noLabels, model.counters.startDelay()),
};
