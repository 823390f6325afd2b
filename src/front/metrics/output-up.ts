import type { Metric } from './metric.js';

export const outputUp: Metric = {
  name: 'vitald_output_up',
  help: '1 when the last attempt of the output succeeded, 0 when it failed or the other side does not follow; absent before the first one.',
  type: 'gauge',
  labels: ['output', 'type'],
  collect: (_state, _build, outputs) =>
    outputs
      .states()
      .filter(({ state }) => state.state === 'ok' || state.state === 'failing')
      .map(({ name, type, state }) => ({ labels: { output: name, type }, value: state.state === 'ok' ? 1 : 0 })),
};
