/** What is diagnosed: one backend, and the check that is made of it. */
import { nearest } from '../../config/nearest.js';
import type { CheckPlan, Plan } from '../../config/plan.js';
import { native } from '../../config/profiles/native.js';
import { checkDefaults } from '../../config/profiles/profile.js';
import { CodedError } from '../../errors.js';
import type { Family } from '../../probes/probe.js';
import { printable } from '../../probes/printable.js';
import { parseProbeUrl, type ProbeUrlOptions } from '../../probes/url.js';

export interface Subject {
  /** Undefined for a URL of the command line. */
  readonly listener: string | undefined;
  readonly backend: string | undefined;
  readonly address: string;
  readonly family: Family;
  /** Port of the service; 0 where only a ping was asked for. */
  readonly port: number;
  /** Port that the check goes to; the same as `port` unless the check names its own. */
  readonly checkPort: number;
  /** The effective check: kind, timeout, source, interface, options. */
  readonly check: CheckPlan;
}

/**
 * The subject of one backend of a configuration.
 *
 * @param backendId its name, or ADDRESS:PORT
 * @throws CodedError usage where there is no such listener or backend; names the nearest
 */
export function subjectOf(plan: Plan, listenerName: string, backendId: string): Subject {
  const listener = plan.listeners.find(({ name }) => name === listenerName);
  if (listener === undefined)
    throw unknown(
      'listener',
      listenerName,
      plan.listeners.map(({ name }) => name),
    );
  const backend = listener.backends.find(({ id }) => id === backendId);
  if (backend === undefined) {
    throw unknown(
      `backend of ${listener.name}`,
      backendId,
      listener.backends.map(({ id }) => id),
    );
  }
  const { address, family, port, checkPort } = backend;
  return { listener: listener.name, backend: backend.id, address, family, port, checkPort, check: listener.check };
}

/**
 * The subject of a URL, with the defaults of the native profile.
 *
 * @throws CodedError usage where it cannot be read, or its name not be resolved
 */
export async function subjectOfUrl(url: string, options: ProbeUrlOptions): Promise<Subject> {
  const { kind, where, settings } = await parseProbeUrl(url, options);
  const defaults = checkDefaults(native, kind.name);
  return {
    listener: undefined,
    backend: undefined,
    address: where.address,
    family: where.family,
    port: where.port,
    checkPort: where.port,
    check: {
      enabled: true,
      type: kind.name,
      intervalMs: Math.max(defaults.intervalMs, settings.timeoutMs),
      healthyThreshold: defaults.healthyThreshold,
      unhealthyThreshold: defaults.unhealthyThreshold,
      initialPasses: 1,
      pace: defaults.pace,
      port: undefined,
      ...settings,
      options: { ...('path' in kind.optionsSchema && defaults.options), ...settings.options },
    },
  };
}

function unknown(what: string, name: string, known: readonly string[]): CodedError {
  const near = nearest(name, known);
  const hint =
    near !== undefined
      ? `; did you mean ${near}?`
      : known.length === 0
        ? '; there is none'
        : `; there ${known.length === 1 ? 'is' : 'are'}: ${known.slice(0, 10).join(', ')}${known.length > 10 ? ' …' : ''}`;
  return new CodedError('usage', `there is no ${what} named ${printable(name, 100)}${hint}`);
}
