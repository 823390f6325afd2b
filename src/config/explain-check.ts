/** `vitald check --print`: the check of a listener, one row for each value, as text for people. */
import type { ProbeKind } from '../probes/probe.js';
import { formatDuration } from './duration.js';
import type { CheckPlan } from './plan.js';
import type { JsonSchema } from './json-schema.js';
import { withoutSecrets } from './secrets.js';

export interface ExplainContext {
  /** The registered kinds: the values of options that the file leaves out. Without them only what is in the plan is shown. */
  readonly kinds?: readonly ProbeKind[];
  /** Replaces what was taken from the environment. */
  readonly hide?: (text: string) => string;
}

type Row = readonly [name: string, value: string];

/** Name and value of each row, the names with `check.` before them. */
export function checkRows(check: CheckPlan, { kinds = [], hide }: ExplainContext): Row[] {
  const kind = kinds.find(({ name }) => name === check.type);
  const common = {
    enabled: String(check.enabled),
    type: check.type,
    interval: formatDuration(check.intervalMs),
    timeout: formatDuration(check.timeoutMs),
    healthy_threshold: String(check.healthyThreshold),
    unhealthy_threshold: String(check.unhealthyThreshold),
    initial_passes: String(check.initialPasses),
    pace: check.pace,
    port: kind?.usesPort === false ? `none: a ${check.type} check has no port` : String(check.port ?? 'each backend’s own'),
    source: check.source ?? 'as the kernel chooses',
    interface: check.interface ?? 'as the kernel chooses',
  };
  const options = optionRows(withoutSecrets(check.options), (kind?.optionsSchema ?? {}) as Readonly<Record<string, JsonSchema>>);
  return [...Object.entries(common), ...options.map(([name, value]): Row => [name, hide?.(value) ?? value])].map(([name, value]) => [
    `check.${name}`,
    value,
  ]);
}

/** The options in the order of their schema; a mapping is a row for each of its keys. */
function optionRows(options: Readonly<Record<string, unknown>>, schema: Readonly<Record<string, JsonSchema>>): Row[] {
  const keys = new Set([...Object.keys(schema), ...Object.keys(options)]);
  return [...keys].flatMap((key): Row[] => {
    const value = options[key];
    const node = schema[key] ?? {};
    if (isMapping(value) || node.properties !== undefined) {
      const inner = optionRows(isMapping(value) ? value : {}, node.properties ?? {});
      return inner.length === 0 ? [[key, 'none']] : inner.map(([name, text]) => [`${key}.${name}`, text]);
    }
    if (value !== undefined) return [[key, optionText(value)]];
    return node['x-default'] === undefined ? [] : [[key, node['x-default']]];
  });
}

function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A value as people read it. */
export function optionText(value: unknown): string {
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) return listText(value);
  if (isMapping(value)) {
    const entries = Object.entries(value);
    return entries.length === 0 ? 'none' : JSON.stringify(value);
  }
  return JSON.stringify(value) ?? 'none';
}

/** Words with commas between; anything else as in JSON, so that each entry is told from the next. */
function listText(list: readonly unknown[]): string {
  if (list.length === 0) return 'none';
  return list.every((item) => /^[\w.-]+$/.test(String(item))) ? list.join(', ') : JSON.stringify(list);
}
