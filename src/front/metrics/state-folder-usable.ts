import { noLabels, type Metric } from './metric.js';

export const stateFolderUsable: Metric = {
  name: 'vitald_state_folder_usable',
  help:
    'Whether the state folder could be taken by this process: 0 while it is full, read-only or not permitted since the start. ' +
    'Nothing is kept then. Absent if no folder is configured.',
  type: 'gauge',
  labels: [],
  collect: ({ saves }) => (saves.health === 'none' ? [] : [{ labels: noLabels, value: saves.unusable === undefined ? 1 : 0 }]),
};
