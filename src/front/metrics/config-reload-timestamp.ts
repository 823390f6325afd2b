import { noLabels, type Metric } from './metric.js';

export const configReloadTimestamp: Metric = {
  name: 'vitald_config_last_reload_success_timestamp_seconds',
  help: 'When a valid configuration was last read, as Unix time.',
  type: 'gauge',
  labels: [],
  collect: ({ lastReload }) => [{ labels: noLabels, value: lastReload.successAt / 1000 }],
};
