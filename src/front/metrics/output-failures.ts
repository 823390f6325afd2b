import type { Metric } from './metric.js';

export const outputFailures: Metric = {
  name: 'vitald_output_failures_total',
  help: 'Attempts of the output that failed, since it began.',
  type: 'counter',
  labels: ['output', 'type'],
  collect: (_state, _build, outputs) =>
    outputs.states().map(({ name, type, state }) => ({ labels: { output: name, type }, value: state.failures })),
};
