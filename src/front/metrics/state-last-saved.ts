import type { Metric } from './metric.js';

export const stateLastSaved: Metric = {
  name: 'vitald_state_last_saved_timestamp_seconds',
  help:
    'When a file of the state folder was last written, as Unix time; 0: not by this process. ' +
    '`verdicts` every half a minute at least, `control` (overrides and runtime backends) when it changes.',
  type: 'gauge',
  labels: ['file'],
  collect: ({ saves }) => saves.records.map(({ file, savedAt = 0 }) => ({ labels: { file }, value: savedAt / 1000 })),
};
