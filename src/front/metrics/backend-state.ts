import type { State } from '../../health/state.js';
import { backendLabelNames, forEachBackend } from './backend-labels.js';
import type { Metric } from './metric.js';

const stateLabels: Readonly<Record<State, { readonly state: State }>> = {
  initial: { state: 'initial' },
  healthy: { state: 'healthy' },
  unhealthy: { state: 'unhealthy' },
  disabled: { state: 'disabled' },
};

/** Only the present state has a series: four for each backend would cost four times as much and say no more. */
export const backendState: Metric = {
  name: 'vitald_backend_state',
  help: '1 for the present state of the backend; other states have no series.',
  type: 'gauge',
  labels: [...backendLabelNames, 'state'],
  collect: (state) =>
    forEachBackend(state, (samples, slot, sharedLabels, status) => {
      samples.push({ labels: stateLabels[status.state(slot)], sharedLabels, value: 1 });
    }),
};
