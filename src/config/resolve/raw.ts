/**
 * The file's values after the structure was checked. A value that did not fit is absent; its place is in
 * `SourceDocument.broken`.
 */
import type { Pace, Protocol, TokenPlan } from '../plan.js';
import type { Role } from '../roles.js';

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
  readonly tokens?: readonly (Partial<TokenPlan> | undefined)[];
  readonly tls?: RawTls;
  readonly client_certificates?: readonly (RawClientCertificate | undefined)[];
  readonly unix_socket?: RawUnixSocket;
  readonly metrics_listen?: string;
  readonly open?: readonly ('metrics' | 'health' | undefined)[];
  readonly names?: readonly (string | undefined)[];
  readonly insecure?: boolean;
  readonly limits?: RawLimits;
}

export interface RawTls {
  readonly cert_file?: string;
  readonly key_file?: string;
  readonly client_ca_file?: string;
  readonly min_version?: '1.2' | '1.3';
}

export interface RawClientCertificate {
  readonly name?: string;
  readonly role?: Role;
  readonly subject_cn?: string;
  readonly san_dns?: string;
  readonly sha256_fingerprint?: string;
}

export interface RawUnixSocket {
  readonly path?: string;
  readonly mode?: string;
  readonly group?: string;
  readonly role?: Role;
}

export interface RawLimits {
  readonly requests_per_second?: number;
  readonly connections?: number;
  readonly connections_per_address?: number;
  readonly held_requests?: number;
  readonly held_requests_per_caller?: number;
  readonly event_streams?: number;
  readonly event_streams_per_caller?: number;
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
  readonly backend_protocol?: 'http' | 'https';
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
