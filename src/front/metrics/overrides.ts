import type { Metric } from './metric.js';

export const overrides: Metric = {
  name: 'vitald_overrides',
  help: 'Backends that operators override, by mode; weight: have a weight set by an operator. One that is forgotten is an outage later.',
  type: 'gauge',
  labels: ['mode'],
  collect: ({ overrides }) => Object.entries(overrides.counts()).map(([mode, value]) => ({ labels: { mode }, value })),
};
