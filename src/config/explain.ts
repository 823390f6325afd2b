/** `vitald check --print`: what a configuration means, with all defaults filled in. For people, and as data. */
import { formatEndpoint } from '../endpoint.js';
import { detectionTimes, longestProbeMs, type DetectionTimes } from './detection.js';
import { formatDuration } from './duration.js';
import { accessData, accessLines } from './explain-access.js';
import { checkRows, optionText, type ExplainContext } from './explain-check.js';
import type { OutputDefinition } from './output-kind.js';
import { withoutOutputSecrets, withoutSecrets } from './secrets.js';
import type { BackendPlan, CheckPlan, ListenerPlan, OutputPlan, Plan } from './plan.js';

/**
 * The effective configuration as data: keys as in the file, durations in seconds (docs/api.md); options of outputs as
 * they are written.
 *
 * @param outputKinds say what is secret in the options of outputs
 */
export function explainAsData(
  plan: Plan,
  outputKinds: readonly OutputDefinition[],
  { hide = (text) => text }: ExplainContext = {},
): Record<string, unknown> {
  return {
    checker: plan.checker,
    server: {
      listen: formatEndpoint(plan.server.host, plan.server.port),
      state_dir: plan.server.stateDir ?? 'none',
      allowed_networks: plan.server.allowedNetworks,
      ...accessData(plan.server.access),
    },
    outputs: plan.outputs.map((output) => ({ ...output, options: mapTexts(shownOptions(output, outputKinds), hide) })),
    listeners: plan.listeners.map((listener) => listenerData(listener, hide)),
  };
}

function listenerData(listener: ListenerPlan, hide: (text: string) => string): Record<string, unknown> {
  return {
    name: listener.name,
    protocol: listener.protocol,
    port: listener.port ?? null,
    profile: listener.profile,
    check: checkData(listener.check, hide),
    all_unhealthy: listener.allUnhealthy,
    initial: listener.initial,
    detection: listener.check.enabled ? detectionData(detectionTimes(listener.check), longestProbeMs(listener.check)) : null,
    backends: listener.backends.map(({ id, address, port, checkPort, weight }) => ({ id, address, port, check_port: checkPort, weight })),
  };
}

function checkData(check: CheckPlan, hide: (text: string) => string): Record<string, unknown> {
  return {
    enabled: check.enabled,
    type: check.type,
    interval_seconds: check.intervalMs / 1000,
    timeout_seconds: check.timeoutMs / 1000,
    healthy_threshold: check.healthyThreshold,
    unhealthy_threshold: check.unhealthyThreshold,
    initial_passes: check.initialPasses,
    pace: check.pace,
    port: check.port ?? null,
    source: check.source ?? null,
    interface: check.interface ?? null,
    ...mapTexts(withoutSecrets(check.options), hide),
  };
}

/** The same data with each text in it replaced. */
function mapTexts<T>(data: T, replace: (text: string) => string): T {
  if (typeof data === 'string') return replace(data) as T;
  if (Array.isArray(data)) return data.map((item: unknown) => mapTexts(item, replace)) as T;
  if (typeof data !== 'object' || data === null) return data;
  return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, mapTexts(value, replace)])) as T;
}

function detectionData(times: DetectionTimes, longestMs: number): Record<string, number | null> {
  return {
    unhealthy_silent_seconds: times.unhealthySilentMs === undefined ? null : times.unhealthySilentMs / 1000,
    unhealthy_refused_seconds: times.unhealthyRefusedMs / 1000,
    healthy_seconds: times.healthyMs / 1000,
    initial_seconds: times.initialMs / 1000,
    next_probe_seconds: times.nextProbeMs / 1000,
    longest_probe_seconds: longestMs / 1000,
  };
}

/** Without the values that are secret. */
function shownOptions({ type, options }: OutputPlan, kinds: readonly OutputDefinition[]): Readonly<Record<string, unknown>> {
  const kind = kinds.find(({ name }) => name === type);
  // Of an unknown kind nobody knows what is secret.
  return withoutSecrets(withoutOutputSecrets(options, kind === undefined ? Object.keys(options) : (kind.secrets ?? [])));
}

/**
 * Lines of text, ending in a line feed.
 *
 * @param outputKinds say what is secret in the options of outputs
 */
export function explainAsText(plan: Plan, outputKinds: readonly OutputDefinition[], context: ExplainContext = {}): string {
  const head = [
    row('checker', plan.checker),
    row('server.listen', formatEndpoint(plan.server.host, plan.server.port)),
    row('server.state_dir', plan.server.stateDir ?? 'none (nothing outlives the process)'),
    row('server.allowed_networks', plan.server.allowedNetworks.join(', ') || 'none: backends come from the file only'),
    ...accessLines(plan.server.access).map(([name, value]) => row(name, value)),
  ];
  const outputs = plan.outputs.flatMap((output) => outputLines(output, outputKinds, context));
  return [...head, ...outputs, ...plan.listeners.flatMap((listener) => listenerLines(listener, context))].join('\n') + '\n';
}

function outputLines(output: OutputPlan, kinds: readonly OutputDefinition[], { hide }: ExplainContext): string[] {
  const values = Object.entries(shownOptions(output, kinds));
  return [
    '',
    `output ${output.name}: ${output.type}`,
    ...values.map(([key, value]) => row(`  ${key}`, hide?.(optionText(value)) ?? optionText(value))),
  ];
}

function listenerLines(listener: ListenerPlan, context: ExplainContext): string[] {
  const { check } = listener;
  const usesPort = context.kinds?.find(({ name }) => name === check.type)?.usesPort ?? true;
  const times = check.enabled
    ? [...detectionLines(detectionTimes(check), usesPort), ...twoStepLines(check)]
    : [row('  detection', 'none: checks are disabled, all backends count as healthy')];
  return [
    '',
    `listener ${listener.name}: ${listener.protocol}, profile ${listener.profile}, ${count(listener.backends.length, 'backend')}`,
    ...checkRows(check, context).map(([name, value]) => row(`  ${name}`, value)),
    row('  all_unhealthy', listener.allUnhealthy),
    row('  initial', listener.initial),
    ...times,
    ...backendLines(listener.backends, usesPort),
  ];
}

/** @param usesPort a check without a port cannot be refused, only be told by an ICMP error */
function detectionLines(times: DetectionTimes, usesPort: boolean): string[] {
  const silent =
    times.unhealthySilentMs === undefined
      ? 'never when silent (silence is a pass)'
      : `after ${formatDuration(times.unhealthySilentMs)} when silent`;
  return [
    row(
      '  unhealthy',
      `${silent}, after ${formatDuration(times.unhealthyRefusedMs)} when ${usesPort ? 'refused' : 'an ICMP error comes back'}`,
    ),
    row('  healthy again', `after ${formatDuration(times.healthyMs)} of passes`),
    row('  first verdict', `after ${formatDuration(times.initialMs)} of passes`),
    row('', `from the first such probe on, which starts within ${formatDuration(times.nextProbeMs)}`),
  ];
}

/** A probe of two steps takes longer than its timeout says. */
function twoStepLines(check: CheckPlan): string[] {
  const longestMs = longestProbeMs(check);
  if (longestMs === check.timeoutMs) return [];
  const timeout = formatDuration(check.timeoutMs);
  return [row('', `a probe takes up to ${formatDuration(longestMs)}: ${timeout} for the ping, then ${timeout} for the datagram`)];
}

function backendLines(backends: readonly BackendPlan[], usesPort: boolean): string[] {
  const width = backends.reduce((widest, backend) => Math.max(widest, backend.id.length), 0);
  return backends.map((backend) => {
    const where = formatEndpoint(backend.address, backend.port);
    const checked = backend.checkPort === backend.port || !usesPort ? '' : `, checked on port ${backend.checkPort}`;
    const name = backend.id === where ? backend.id : `${backend.id.padEnd(width)}  ${where}`;
    return `  - ${name}, weight ${backend.weight}${checked}`;
  });
}

function row(name: string, value: string | number): string {
  return `${name.padEnd(27)} ${value}`;
}

function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? '' : 's'}`;
}
