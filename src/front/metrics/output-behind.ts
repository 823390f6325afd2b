import type { Metric } from './metric.js';

export const outputBehind: Metric = {
  name: 'vitald_output_behind',
  help: 'Changes that the other side of the output does not know yet; absent where it asks when it likes.',
  type: 'gauge',
  labels: ['output', 'type'],
  collect: (_state, _build, outputs) =>
    outputs.states().flatMap(({ name, type, behind }) => (behind === undefined ? [] : [{ labels: { output: name, type }, value: behind }])),
};
