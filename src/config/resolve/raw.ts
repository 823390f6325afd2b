/**
 * The file's values after the structure was checked. A value that did not fit is absent; its place is in
 * `SourceDocument.broken`.
 */
import type { Pace, Protocol } from '../plan.js';

export interface RawConfig {
  readonly server?: RawServer;
  readonly checker?: string;
  readonly defaults?: RawDefaults;
  /** By kind. */
  readonly outputs?: Readonly<Record<string, readonly (RawOutput | undefined)[] | undefined>>;
  readonly listeners?: readonly (RawListener | undefined)[];
}

export interface RawServer {
  readonly listen?: string;
  readonly state_dir?: string;
  readonly allowed_networks?: readonly (string | undefined)[];
}

/** `name`, and the options of its kind. */
export interface RawOutput {
  readonly name?: string;
  readonly [option: string]: unknown;
}

export interface RawDefaults {
  readonly profile?: string;
  readonly check?: RawCheck;
  readonly all_unhealthy?: 'none' | 'all';
  readonly initial?: 'exclude' | 'include';
}

export interface RawListener {
  readonly name?: string;
  readonly protocol?: Protocol;
  readonly port?: number;
  readonly profile?: string;
  readonly check?: RawCheck;
  readonly all_unhealthy?: 'none' | 'all';
  readonly initial?: 'exclude' | 'include';
  readonly backends?: readonly (string | RawBackend | undefined)[];
}

/** Common keys; the others are options of probe kinds. */
export interface RawCheck {
  readonly enabled?: boolean;
  readonly type?: string;
  readonly interval?: string;
  readonly timeout?: string;
  readonly healthy_threshold?: number;
  readonly unhealthy_threshold?: number;
  readonly pace?: Pace;
  readonly port?: number;
  readonly source?: string;
  readonly interface?: string;
  readonly initial_passes?: number | 'healthy_threshold';
  readonly [option: string]: unknown;
}

export interface RawBackend {
  readonly address?: string;
  readonly port?: number;
  readonly weight?: number;
  readonly name?: string;
}
