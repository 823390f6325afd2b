/** The labels `listener` and `backend`, and the walk over all backends that metrics with a series for each make. */
import type { StatusReader } from '../../status/table.js';
import type { BackendView } from '../model.js';
import type { FrontState } from '../state.js';
import type { Sample } from './metric.js';

export const backendLabelNames = ['listener', 'backend'] as const;

const labels = new WeakMap<BackendView, Readonly<Record<string, string>>>();

/** The same object for the same backend, so that its text is made once for all metrics and scrapes. */
function labelsOf(backend: BackendView): Readonly<Record<string, string>> {
  let own = labels.get(backend);
  if (!own) {
    own = { listener: backend.listener, backend: backend.plan.id };
    labels.set(backend, own);
  }
  return own;
}

/** @param add adds a backend's samples, with these shared labels, to `samples` */
export function forEachBackend(
  { model }: FrontState,
  add: (samples: Sample[], slot: number, sharedLabels: Readonly<Record<string, string>>, status: StatusReader) => void,
): Sample[] {
  const samples: Sample[] = [];
  for (const { backends } of model.listeners) {
    for (const backend of backends) add(samples, backend.slot, labelsOf(backend), model.status);
  }
  return samples;
}
