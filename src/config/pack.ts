/** From the plan as read to the plan in force, and where each of its backends comes from. */
import { BackendColumns } from './backend-columns.js';
import type { PackedListener, PackedPlan, Plan } from './plan.js';

export function packPlan({ checker, server, listeners }: Plan): PackedPlan {
  return { checker, server, listeners: listeners.map((listener) => ({ ...listener, backends: BackendColumns.pack(listener.backends) })) };
}

/** A plan, and what of the plan in force it takes over. */
export interface LoadedPlan {
  readonly plan: PackedPlan;
  /** As {@link origins} found them. */
  readonly origins: readonly Int32Array[];
}

/** Where a backend has no origin: it is new, or it is probed at another place than before. */
export const noOrigin = -1;

/**
 * For each listener of `next`, in order, and each of its backends, in order: the place that the same backend has in
 * the listener of the same name in `previous`, or {@link noOrigin}. Same means the same id, address and ports; its
 * weight may differ.
 */
export function origins(previous: PackedPlan | undefined, next: PackedPlan): Int32Array[] {
  const known = new Map(previous?.listeners.map((listener) => [listener.name, new BackendColumns(listener.backends)]));
  return next.listeners.map((listener) => originsIn(known.get(listener.name), listener));
}

function originsIn(before: BackendColumns | undefined, { backends }: PackedListener): Int32Array {
  const found = new Int32Array(backends.count).fill(noOrigin);
  if (before === undefined) return found;
  const after = new BackendColumns(backends);
  for (let place = 0; place < after.count; place++) {
    const origin = before.find(after.id(place));
    if (origin !== noOrigin && sameTarget(before, origin, after, place)) found[place] = origin;
  }
  return found;
}

function sameTarget(a: BackendColumns, i: number, b: BackendColumns, j: number): boolean {
  return a.port(i) === b.port(j) && a.checkPort(i) === b.checkPort(j) && a.address(i) === b.address(j);
}
