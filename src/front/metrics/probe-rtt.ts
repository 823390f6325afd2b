import { histogramSamples, type Metric } from './metric.js';

const name = 'vitald_probe_rtt_seconds';

/** By listener, not by backend: 13 series for each of 50,000 backends cost 2.3 s a scrape. */
export const probeRtt: Metric = {
  name,
  help: 'Round-trip times of probes that got an answer.',
  type: 'histogram',
  labels: ['listener', 'type'],
  collect: ({ model }) =>
    model.listeners.flatMap(({ plan, counterRow }) =>
      histogramSamples(name, { listener: plan.name, type: plan.check.type }, model.counters.rtt(counterRow)),
    ),
};
