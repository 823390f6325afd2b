import { states } from '../../health/state.js';
import type { Metric } from './metric.js';

export const backends: Metric = {
  name: 'vitald_backends',
  help: 'Backends of the listener by state.',
  type: 'gauge',
  labels: ['listener', 'state'],
  collect: ({ model }) =>
    model.listeners.flatMap((listener) => {
      const counts = model.counts(listener).states;
      return states.map((state) => ({ labels: { listener: listener.plan.name, state }, value: counts[state] }));
    }),
};
