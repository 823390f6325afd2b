import { outcomeOf, reasons } from '../../health/reasons.js';
import type { Metric } from './metric.js';

export const probes: Metric = {
  name: 'vitald_probes_total',
  help: 'Probes by how they ended; indeterminate ones are the checker’s own fault and count for no verdict.',
  type: 'counter',
  labels: ['listener', 'outcome', 'reason'],
  collect: ({ model }) =>
    model.listeners.flatMap(({ plan, counterRow }) =>
      reasons
        .map((reason) => ({
          labels: { listener: plan.name, outcome: outcomeOf(reason), reason },
          value: model.counters.probes(counterRow, reason),
        }))
        // `ok` is there from the start, so that a rate can be taken of it; a failure appears with its first probe.
        .filter(({ labels, value }) => value > 0 || labels.reason === 'ok'),
    ),
};
