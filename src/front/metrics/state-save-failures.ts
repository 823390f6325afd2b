import type { Metric } from './metric.js';

export const stateSaveFailures: Metric = {
  name: 'vitald_state_save_failures_total',
  help: 'Times that a file of the state folder could not be written. The log says why.',
  type: 'counter',
  labels: ['file'],
  collect: ({ saves }) => saves.records.map(({ file, failures }) => ({ labels: { file }, value: failures })),
};
