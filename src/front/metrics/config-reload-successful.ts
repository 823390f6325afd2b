import { noLabels, type Metric } from './metric.js';

export const configReloadSuccessful: Metric = {
  name: 'vitald_config_last_reload_successful',
  help: '1 when the configuration was valid when it was last read, else 0: then an older one is in force.',
  type: 'gauge',
  labels: [],
  collect: ({ lastReload }) => [{ labels: noLabels, value: lastReload.ok ? 1 : 0 }],
};
