import type { Metric } from './metric.js';

export const staleBackends: Metric = {
  name: 'vitald_stale_backends',
  help: 'Backends of the listener about which no probe has said anything for long: their state may be out of date.',
  type: 'gauge',
  labels: ['listener'],
  collect: ({ model }) =>
    model.listeners.map((listener) => ({ labels: { listener: listener.plan.name }, value: model.counts(listener).stale })),
};
