/** From the plan as read to the plan in force, and where each of its backends comes from. */
import { BackendColumns } from './backend-columns.js';
import type { BackendPlan, PackedPlan, Plan } from './plan.js';

/** @param runtime by listener: backends that are not of the file, which come after those that are */
export function packPlan({ listeners, ...plan }: Plan, runtime: ReadonlyMap<string, readonly BackendPlan[]> = new Map()): PackedPlan {
  return {
    ...plan,
    listeners: listeners.map((listener) => {
      const { name, backends } = listener;
      return { ...listener, backends: BackendColumns.pack([...backends, ...(runtime.get(name) ?? [])], backends.length) };
    }),
  };
}

/** A plan, and what of the plan in force it takes over. */
export interface LoadedPlan {
  readonly plan: PackedPlan;
  /** By listener, as {@link origins} found them; undefined for a listener of which nothing at all changed. */
  readonly origins: readonly (Int32Array | undefined)[];
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
  return next.listeners.map((listener) => originsIn(known.get(listener.name), new BackendColumns(listener.backends)));
}

/** The same for one listener. @param unchanged so many backends, the first, are known to be the same in both */
export function originsIn(before: BackendColumns | undefined, after: BackendColumns, unchanged = 0): Int32Array {
  const found = new Int32Array(after.count).fill(noOrigin);
  if (before === undefined) return found;
  for (let place = 0; place < unchanged; place++) found[place] = place;
  for (let place = unchanged; place < after.count; place++) {
    const origin = before.find(after.id(place));
    if (origin !== noOrigin && sameTarget(before, origin, after, place)) found[place] = origin;
  }
  return found;
}

function sameTarget(a: BackendColumns, i: number, b: BackendColumns, j: number): boolean {
  return a.port(i) === b.port(j) && a.checkPort(i) === b.checkPort(j) && a.address(i) === b.address(j);
}
