/** A profile for people and as data: `vitald profiles`, docs/profiles.md. */
import { formatDuration } from '../duration.js';
import { checkDefaults, type CheckDefaults, type Profile, type Range } from './profile.js';
import type { ValueName } from './sources.js';

/**
 * Keys as in the configuration file, durations in seconds (docs/configuration.md).
 *
 * @param types check types to show, in this order
 */
export function profileAsData(profile: Profile, types: readonly string[]): Record<string, unknown> {
  return {
    name: profile.name,
    summary: profile.summary,
    check_for_protocol: profile.checkForProtocol,
    backend_protocols: profile.backendProtocols,
    checks: Object.fromEntries(types.map((type) => [type, checkData(checkDefaults(profile, type))])),
    initial_passes: profile.initialPasses,
    all_unhealthy: profile.allUnhealthy,
    probe_weight_zero: profile.probeWeightZero,
    timeout_below_interval: profile.timeoutBelowInterval,
    source_range: profile.sourceRange ?? null,
    sources: profile.sources ?? null,
  };
}

function checkData(check: CheckDefaults): Record<string, unknown> {
  const seconds = ({ min, max }: Range): number[] => [min / 1000, max / 1000];
  return {
    interval_seconds: check.intervalMs / 1000,
    timeout_seconds: check.timeoutMs / 1000,
    healthy_threshold: check.healthyThreshold,
    unhealthy_threshold: check.unhealthyThreshold,
    pace: check.pace,
    ...check.options,
    ...(check.expectedStatusOnTcpListener && { expected_status_on_tcp_listener: check.expectedStatusOnTcpListener }),
    range: {
      interval_seconds: seconds(check.range.intervalMs),
      timeout_seconds: seconds(check.range.timeoutMs),
      healthy_threshold: [check.range.healthyThreshold.min, check.range.healthyThreshold.max],
      unhealthy_threshold: [check.range.unhealthyThreshold.min, check.range.unhealthyThreshold.max],
    },
  };
}

/** `5s (5s to 5m)`, or `5s (fixed)`. */
export function withRange(value: number, range: Range, format: (value: number) => string): string {
  return `${format(value)} (${range.min === range.max ? 'fixed' : `${format(range.min)} to ${format(range.max)}`})`;
}

/** The rows of a table: a name, and the value for each check type. */
export function profileRows(profile: Profile, types: readonly string[]): [name: ValueName, ...values: string[]][] {
  const row = (name: ValueName, value: (check: CheckDefaults) => string): [ValueName, ...string[]] => [
    name,
    ...types.map((type) => value(checkDefaults(profile, type))),
  ];
  return [
    row('interval', (c) => withRange(c.intervalMs, c.range.intervalMs, formatDuration)),
    row('timeout', (c) => withRange(c.timeoutMs, c.range.timeoutMs, formatDuration)),
    row('healthy_threshold', (c) => withRange(c.healthyThreshold, c.range.healthyThreshold, String)),
    row('unhealthy_threshold', (c) => withRange(c.unhealthyThreshold, c.range.unhealthyThreshold, String)),
    row('pace', (c) => c.pace),
  ];
}

/** What a profile says beside {@link profileRows}, one `name: value` each. */
export function profileFacts(profile: Profile): [name: ValueName, value: string][] {
  const { http } = profile.checks;
  const types = Object.entries(profile.checkForProtocol).map(([protocol, type]) => `${protocol} → ${type}`);
  const offloads = profile.checkForProtocol.https === 'http' && profile.backendProtocols.includes('https');
  const backends = offloads ? '; https with backend_protocol: https' : '';
  const status = http.options.expected_status?.join(', ') ?? '';
  const onTcp = http.expectedStatusOnTcpListener?.join(', ');
  const udp = profile.checks['udp']?.options.udp;
  return [
    ['check type by protocol', `${types.join(', ')}${backends}`],
    ['HTTP request', `${http.options.method} ${http.options.path}`],
    ['expected_status', onTcp === undefined ? status : `${status}; on a tcp listener ${onTcp}`],
    ...(udp === undefined ? [] : [['udp.ping_first', String(udp.ping_first)] as [ValueName, string]]),
    ['initial_passes', String(profile.initialPasses)],
    ['all_unhealthy', profile.allUnhealthy],
    ['weight 0', profile.probeWeightZero ? 'probed and shown, never routed to' : 'not probed'],
    ['timeout below the interval', profile.timeoutBelowInterval === 'raised' ? 'raised to the interval' : 'kept'],
    ['timeout above the interval, fixed_rate', profile.timeoutAboveInterval],
    ...(profile.sourceRange === undefined ? [] : [['the cloud probes from', profile.sourceRange] as [ValueName, string]]),
  ];
}

/** Lines of text, ending in a line feed. @param types check types to show, in this order */
export function profileAsText(profile: Profile, types: readonly string[]): string {
  const rows: string[][] = [['', ...types], ...profileRows(profile, types)];
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const table = rows.map((row) => `  ${row.map((cell, column) => cell.padEnd(widths[column]!)).join('  ')}`.trimEnd());
  const facts = profileFacts(profile).map(([name, value]) => `  ${name}: ${value}`);
  return [profile.name, `  ${profile.summary}`, ...table, ...facts].join('\n') + '\n';
}
