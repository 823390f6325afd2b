/**
 * What a reload must touch: the difference between two plans. What is not named here keeps its state, counts and phase
 * (invariant 5). Pure; linear in the number of backends.
 */
import { isDeepStrictEqual } from 'node:util';
import type { BackendPlan, CheckPlan, ListenerPlan, Plan } from './plan.js';

export interface PlanDiff {
  /** The checker has another name. */
  readonly checkerChanged: boolean;
  /** `server` differs: it takes effect at the next start. */
  readonly serverChanged: boolean;
  readonly added: readonly ListenerPlan[];
  readonly removed: readonly ListenerPlan[];
  /** Listeners that are in both plans and differ. */
  readonly changed: readonly ListenerDiff[];
}

/** At least one of the fields says that something changed. */
export interface ListenerDiff {
  readonly before: ListenerPlan;
  readonly after: ListenerPlan;
  /** Something that probing or the verdict depends on. The check port is not in it: it shows in the backends. */
  readonly checkChanged: boolean;
  /** `all_unhealthy` or `initial`. */
  readonly routingChanged: boolean;
  readonly backends: BackendsDiff;
}

/** A backend whose address or a port changed is another backend: it is in `removed` and in `added`. */
export interface BackendsDiff {
  readonly added: readonly BackendPlan[];
  readonly removed: readonly BackendPlan[];
  readonly reweighted: readonly { readonly before: BackendPlan; readonly after: BackendPlan }[];
}

/** Listeners are matched by name, backends by id within their listener. */
export function diffPlans(before: Plan, after: Plan): PlanDiff {
  const old = new Map(before.listeners.map((listener) => [listener.name, listener]));
  const names = new Set(after.listeners.map((listener) => listener.name));
  return {
    checkerChanged: before.checker !== after.checker,
    serverChanged: !isDeepStrictEqual(before.server, after.server),
    added: after.listeners.filter((listener) => !old.has(listener.name)),
    removed: before.listeners.filter((listener) => !names.has(listener.name)),
    changed: after.listeners.flatMap((listener) => {
      const previous = old.get(listener.name);
      const diff = previous === undefined ? undefined : diffListeners(previous, listener);
      return diff === undefined || isEmpty(diff) ? [] : [diff];
    }),
  };
}

/** True where a reload has nothing to do. */
export function plansAgree(diff: PlanDiff): boolean {
  return !diff.checkerChanged && !diff.serverChanged && diff.added.length + diff.removed.length + diff.changed.length === 0;
}

function diffListeners(before: ListenerPlan, after: ListenerPlan): ListenerDiff {
  return {
    before,
    after,
    checkChanged: !isDeepStrictEqual(withoutPort(before.check), withoutPort(after.check)),
    routingChanged: before.allUnhealthy !== after.allUnhealthy || before.initial !== after.initial,
    backends: diffBackends(before.backends, after.backends),
  };
}

function withoutPort(check: CheckPlan): CheckPlan {
  return { ...check, port: undefined };
}

function isEmpty({ checkChanged, routingChanged, backends }: ListenerDiff): boolean {
  return !checkChanged && !routingChanged && backends.added.length + backends.removed.length + backends.reweighted.length === 0;
}

function diffBackends(before: readonly BackendPlan[], after: readonly BackendPlan[]): BackendsDiff {
  const old = new Map(before.map((backend) => [backend.id, backend]));
  const added: BackendPlan[] = [];
  const reweighted: { before: BackendPlan; after: BackendPlan }[] = [];
  for (const backend of after) {
    const previous = old.get(backend.id);
    if (previous === undefined || !isSameEndpoint(previous, backend)) {
      added.push(backend);
      continue;
    }
    old.delete(backend.id);
    if (previous.weight !== backend.weight) reweighted.push({ before: previous, after: backend });
  }
  // What nobody took over is gone.
  return { added, removed: [...old.values()], reweighted };
}

function isSameEndpoint(a: BackendPlan, b: BackendPlan): boolean {
  return a.address === b.address && a.port === b.port && a.checkPort === b.checkPort;
}
