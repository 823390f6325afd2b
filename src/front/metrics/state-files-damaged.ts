import { noLabels, type Metric } from './metric.js';

export const stateFilesDamaged: Metric = {
  name: 'vitald_state_files_damaged',
  help: 'Files of the state folder that were damaged when this process started, and set aside. The log says which, and what is lost.',
  type: 'gauge',
  labels: [],
  collect: ({ saves }) => [{ labels: noLabels, value: saves.damaged.length }],
};
