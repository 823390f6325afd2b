/**
 * What a profile is: the defaults and ranges of one load balancer's health check, so that vitald behaves as it does.
 * Source: docs/semantics.md items 11–15; numbers in test/conformance/profiles.json, held against these files by a test.
 */
import type { Pace, Protocol } from '../plan.js';
import type { Sources } from './sources.js';

/** Both ends are allowed. */
export interface Range {
  readonly min: number;
  readonly max: number;
}

/** Options of probe kinds that a profile has a default for; keys as in the file. */
export interface ProfileOptions {
  readonly method?: string;
  readonly path?: string;
  readonly expected_status?: readonly (string | number)[];
  readonly udp?: { readonly ping_first: boolean };
}

/** Defaults and ranges of one check type. */
export interface CheckDefaults {
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly healthyThreshold: number;
  readonly unhealthyThreshold: number;
  readonly pace: Pace;
  readonly options: ProfileOptions;
  /** Replaces `options.expected_status` where an HTTP check stands on a TCP listener (docs/semantics.md item 12). */
  readonly expectedStatusOnTcpListener?: readonly (string | number)[];
  /** A range whose ends are equal is a fixed value. */
  readonly range: {
    readonly intervalMs: Range;
    readonly timeoutMs: Range;
    readonly healthyThreshold: Range;
    readonly unhealthyThreshold: Range;
  };
}

export interface Profile {
  readonly name: string;
  /** One sentence for the documentation: whose behaviour this is. */
  readonly summary: string;
  readonly checks: { readonly tcp: CheckDefaults; readonly http: CheckDefaults } & Readonly<Record<string, CheckDefaults>>;
  /**
   * The check type of a listener that names none. For https: http if TLS ends at the load balancer; `backend_protocol` of
   * the listener says otherwise.
   */
  readonly checkForProtocol: Readonly<Record<Protocol, string>>;
  /** What the load balancer can speak to the backends of http and https listeners. */
  readonly backendProtocols: readonly ('http' | 'https')[];
  /** Passes that settle an initial backend (docs/semantics.md item 4). */
  readonly initialPasses: number | 'healthy_threshold';
  /** What is routed to when every backend is unhealthy (docs/semantics.md item 7). */
  readonly allUnhealthy: 'none' | 'all';
  /** Backends of weight 0 are probed too, and shown (docs/semantics.md item 6). */
  readonly probeWeightZero: boolean;
  /** Where the cloud's own probes come from, as an example for `source` and for firewalls (docs/semantics.md item 16). */
  readonly sourceRange?: string;
  /** `raised`: a timeout below the interval becomes the interval. */
  readonly timeoutBelowInterval: 'kept' | 'raised';
  /** What a timeout above the interval is at a fixed rate, where one probe would outlast the start of the next. */
  readonly timeoutAboveInterval: 'error' | 'warning';
  /** What each value rests on; absent for vitald's own profile. */
  readonly sources?: Sources;
}

/** The values for a check type: those of http for https, of tcp for a type that the profile does not list. */
export function checkDefaults(profile: Profile, type: string): CheckDefaults {
  return profile.checks[type] ?? (type === 'https' ? profile.checks.http : profile.checks.tcp);
}

/** A fixed value as a range. */
export function fixed(value: number): Range {
  return { min: value, max: value };
}
