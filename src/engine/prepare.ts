/** Sees whether this machine can carry out a plan, before anything is touched. */
import type { LoadedPlan } from '../config/pack.js';
import type { Probe, Readiness } from '../probes/probe.js';

/** How a listener will be probed. */
export interface PreparedCheck {
  readonly probe: Probe;
  readonly compiled: unknown;
  readonly readiness: Readiness;
}

/** A plan that this machine can carry out. */
export interface PreparedPlan extends LoadedPlan {
  /** By the listener's name. */
  readonly checks: ReadonlyMap<string, PreparedCheck>;
}

/** What a plan asks for and this machine cannot do: one sentence each, with the listener's name. */
export interface PlanRefused {
  readonly problems: readonly string[];
}

export function preparePlan(loaded: LoadedPlan, probes: ReadonlyMap<string, Probe>): PreparedPlan | PlanRefused {
  const checks = new Map<string, PreparedCheck>();
  const problems: string[] = [];
  for (const { name, check } of loaded.plan.listeners) {
    const probe = probes.get(check.type);
    if (probe === undefined) {
      problems.push(`listener ${name}: there is no check type ${check.type}`);
      continue;
    }
    const compiled = probe.compile(check);
    const readiness: Readiness = check.enabled ? probe.ready(compiled) : { method: 'none' };
    if (readiness.error !== undefined) problems.push(`listener ${name}: ${readiness.error}`);
    checks.set(name, { probe, compiled, readiness });
  }
  return problems.length > 0 ? { problems } : { ...loaded, checks };
}
