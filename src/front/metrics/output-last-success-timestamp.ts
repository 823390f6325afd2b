import type { Metric } from './metric.js';

export const outputLastSuccessTimestamp: Metric = {
  name: 'vitald_output_last_success_timestamp_seconds',
  help: 'When the output last succeeded, as Unix time; absent before it did.',
  type: 'gauge',
  labels: ['output', 'type'],
  collect: (_state, _build, outputs) =>
    outputs.states().flatMap(({ name, type, state: { lastSuccessAt } }) => {
      return lastSuccessAt === undefined ? [] : [{ labels: { output: name, type }, value: lastSuccessAt / 1000 }];
    }),
};
