import type { Metric } from './metric.js';

export const buildInfo: Metric = {
  name: 'vitald_build_info',
  help: 'Always 1; its labels say what runs.',
  type: 'gauge',
  labels: ['version', 'node'],
  collect: (_state, { version, nodeVersion }) => [{ labels: { version, node: nodeVersion }, value: 1 }],
};
