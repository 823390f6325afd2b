/** A listener's check: what was written, over what `defaults` say, over the profile. Source: docs/semantics.md items 2–4, 11–15. */
import type { CheckPlan, Pace } from '../plan.js';
import { formatDuration, parseDuration } from '../duration.js';
import { checkDefaults, type CheckDefaults, type Profile, type Range } from '../profiles/profile.js';
import type { ListenerFacts, ResolveContext } from './context.js';
import { resolveOptions } from './options.js';
import { resolveInterface, resolveSource } from './source.js';
import type { Written, WrittenCheck } from './written.js';

/** @returns undefined where the type is not known, so that nothing more can be said */
export function resolveCheck(context: ResolveContext, written: WrittenCheck, listener: ListenerFacts): CheckPlan | undefined {
  const type = resolveType(written, listener);
  const kind = type === undefined ? undefined : context.kinds.get(type);
  if (kind === undefined) return undefined;
  const limits = new Limits(context, listener.profile, kind.name);
  const thresholds = resolveThresholds(written, limits);
  return {
    enabled: written.get('enabled').value ?? true,
    type: kind.name,
    ...resolveTiming(context, written, limits),
    ...thresholds,
    initialPasses: resolveInitialPasses(written, listener.profile, thresholds.healthyThreshold),
    port: written.get('port').value,
    source: resolveSource(context, written),
    interface: resolveInterface(context, written),
    options: resolveOptions(context, written, kind, { ...listener, defaults: limits.defaults }),
  };
}

function resolveType(written: WrittenCheck, listener: ListenerFacts): string | undefined {
  const { value, isBroken } = written.get('type');
  return isBroken ? undefined : (value ?? typeByProfile(listener));
}

/** The type of a check that names none. Where TLS ends at the load balancer, an https listener has http backends. */
export function typeByProfile({ protocol, backendProtocol, profile }: ListenerFacts): string {
  const speaksHttp = protocol === 'http' || protocol === 'https';
  return (speaksHttp ? backendProtocol : undefined) ?? profile.checkForProtocol[protocol];
}

/** The profile's ranges for one check type, and how to speak of them. */
class Limits {
  readonly defaults: CheckDefaults;

  constructor(
    readonly context: ResolveContext,
    readonly profile: Profile,
    readonly type: string,
  ) {
    this.defaults = checkDefaults(profile, type);
  }

  /** The value that counts: what was written if it is within the profile's range, or else the profile's default. */
  within(written: Written<number>, range: Range, fallback: number, format: (value: number) => string): number {
    const value = written.value ?? fallback;
    if (value >= range.min && value <= range.max) return value;
    const allowed = range.min === range.max ? `fixed at ${format(range.min)}` : `allowed ${format(range.min)} to ${format(range.max)}`;
    const place = `the profile ${this.profile.name} for ${this.type} checks`;
    const found = this.context.isHidden(written.path) ? 'out of range' : `found ${format(value)}`;
    this.context.problem(written.path, `${found}; ${allowed} in ${place}`);
    return fallback;
  }
}

function resolveTiming(
  context: ResolveContext,
  written: WrittenCheck,
  limits: Limits,
): { intervalMs: number; timeoutMs: number; pace: Pace } {
  const { defaults, profile } = limits;
  const interval = durationOf(written.get('interval'));
  const timeout = durationOf(written.get('timeout'));
  const pace = written.get('pace').value ?? defaults.pace;
  const intervalMs = limits.within(interval, defaults.range.intervalMs, defaults.intervalMs, formatDuration);
  // At a fixed rate a default never outlasts the interval; only what somebody wrote is complained of.
  const usualTimeoutMs = pace === 'fixed_rate' ? Math.min(defaults.timeoutMs, intervalMs) : defaults.timeoutMs;
  const fallbackMs = Math.max(usualTimeoutMs, defaults.range.timeoutMs.min);
  const timeoutMs = limits.within(timeout, defaults.range.timeoutMs, fallbackMs, formatDuration);
  if (interval.isBroken || timeout.isBroken) return { intervalMs, timeoutMs, pace };
  if (profile.timeoutBelowInterval === 'raised' && timeoutMs < intervalMs) {
    if (timeout.value !== undefined) context.warning(timeout.path, raisedTimeout(timeoutMs, intervalMs, profile));
    return { intervalMs, timeoutMs: intervalMs, pace };
  }
  if (pace === 'fixed_rate' && timeoutMs > intervalMs && profile.timeoutAboveInterval === 'error') {
    const message = `a timeout of ${formatDuration(timeoutMs)} is longer than the interval of ${formatDuration(intervalMs)}`;
    context.problem(timeout.path, `${message}; ${profile.name} demands at most the interval at a fixed rate`);
  }
  return { intervalMs, timeoutMs, pace };
}

function raisedTimeout(timeoutMs: number, intervalMs: number, profile: Profile): string {
  return `a timeout of ${formatDuration(timeoutMs)} is below the interval: raised to ${formatDuration(intervalMs)}, as ${profile.name} does`;
}

function durationOf(written: Written<string>): Written<number> {
  return { ...written, value: written.value === undefined ? undefined : parseDuration(written.value) };
}

function resolveThresholds(written: WrittenCheck, limits: Limits): { healthyThreshold: number; unhealthyThreshold: number } {
  const { defaults } = limits;
  const { range } = defaults;
  return {
    healthyThreshold: limits.within(written.get('healthy_threshold'), range.healthyThreshold, defaults.healthyThreshold, String),
    unhealthyThreshold: limits.within(written.get('unhealthy_threshold'), range.unhealthyThreshold, defaults.unhealthyThreshold, String),
  };
}

function resolveInitialPasses(written: WrittenCheck, profile: Profile, healthyThreshold: number): number {
  const passes = written.get('initial_passes').value ?? profile.initialPasses;
  return passes === 'healthy_threshold' ? healthyThreshold : passes;
}
