/**
 * How long a change of state takes, from the start of the first probe with the new outcome.
 * Source: docs/semantics.md items 10 and 15; cases in test/conformance/windows.json.
 */
import type { CheckPlan, Pace } from './plan.js';

export interface WindowInput {
  readonly pace: Pace;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  /** Like outcomes in a row that decide. */
  readonly threshold: number;
  /** How long each probe takes; undefined: no answer, until the timeout. */
  readonly responseMs: number | undefined;
}

/**
 * fixed_rate: n-1 intervals and the last probe. after_completion: n probes and n-1 intervals between them.
 * @returns milliseconds
 */
export function windowMs({ pace, intervalMs, timeoutMs, threshold, responseMs }: WindowInput): number {
  const probeMs = Math.min(responseMs ?? timeoutMs, timeoutMs);
  // A backend has one probe in flight: at a fixed rate one that outlasts the interval holds up the next.
  const stepMs = pace === 'fixed_rate' ? Math.max(intervalMs, probeMs) : intervalMs + probeMs;
  return (threshold - 1) * stepMs + probeMs;
}

/**
 * The longest time that one probe of a check takes, in milliseconds. With `udp.ping_first` the ping has the whole
 * timeout, and then the datagram has it once more: a UDP probe of Huawei ELB waits for the echo reply within the timeout,
 * and then for ICMP port unreachable within the timeout (elb_ug_hc_0001, "UDP Health Check").
 */
export function longestProbeMs(check: Pick<CheckPlan, 'type' | 'timeoutMs' | 'options'>): number {
  return udpOptions(check)?.ping_first === true ? 2 * check.timeoutMs : check.timeoutMs;
}

/** All in milliseconds. */
export interface DetectionTimes {
  /**
   * Until unhealthy, when the host is silent; undefined where silence is a pass. With `udp.ping_first` the ping alone
   * fails then, after one timeout.
   */
  readonly unhealthySilentMs: number | undefined;
  /** Until unhealthy, when every probe is refused at once. */
  readonly unhealthyRefusedMs: number;
  /**
   * From unhealthy until healthy again, when every probe passes as quickly as it can: a pass by silence takes the timeout,
   * after a ping (`udp.ping_first`) that is answered at once.
   */
  readonly healthyMs: number;
  /** Until the first verdict of a new backend that passes. */
  readonly initialMs: number;
  /** What may pass before, until the first such probe starts. */
  readonly nextProbeMs: number;
}

/** The times of a listener's check; they are the same for all of its backends. */
export function detectionTimes(check: CheckPlan): DetectionTimes {
  const udp = udpOptions(check);
  // A UDP check that expects no answer passes when none comes (docs/semantics.md item 19); a silent host fails it only by ping.
  const silenceIsPass = udp !== undefined && udp.expect === undefined;
  const window = (threshold: number, responseMs: number | undefined): number => windowMs({ ...check, threshold, responseMs });
  const passMs = silenceIsPass ? undefined : 0;
  return {
    unhealthySilentMs: silenceIsPass && udp.ping_first !== true ? undefined : window(check.unhealthyThreshold, undefined),
    unhealthyRefusedMs: window(check.unhealthyThreshold, 0),
    healthyMs: window(check.healthyThreshold, passMs),
    initialMs: window(check.initialPasses, passMs),
    nextProbeMs: check.pace === 'fixed_rate' ? check.intervalMs : check.intervalMs + (silenceIsPass ? check.timeoutMs : 0),
  };
}

/** Undefined for other types of checks. */
function udpOptions({ type, options }: Pick<CheckPlan, 'type' | 'options'>): UdpOptions | undefined {
  return type === 'udp' ? (options['udp'] ?? {}) : undefined;
}

interface UdpOptions {
  readonly expect?: string;
  readonly ping_first?: boolean;
}
