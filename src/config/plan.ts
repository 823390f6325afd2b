/**
 * The plan: what a configuration means, with every default filled in. Frozen, plain data, so that it crosses threads.
 *
 * It has two forms, which differ in their backends: as read (objects), and in force (packed into shared memory).
 */
import type { Family } from '../probes/probe.js';
import type { Role } from './roles.js';

export type Protocol = 'tcp' | 'udp' | 'http' | 'https';
export type Pace = 'fixed_rate' | 'after_completion';

/** A plan as it was read. */
export interface Plan {
  /** This checker's name (docs/semantics.md item 24). */
  readonly checker: string;
  readonly server: ServerPlan;
  readonly outputs: readonly OutputPlan[];
  readonly listeners: readonly ListenerPlan[];
}

/** A plan as daemon and API carry it. */
export interface PackedPlan {
  readonly checker: string;
  readonly server: ServerPlan;
  readonly outputs: readonly OutputPlan[];
  readonly listeners: readonly PackedListener[];
}

export interface ServerPlan {
  readonly host: string;
  readonly port: number;
  /** Folder for what outlives the process; undefined: nothing is kept. */
  readonly stateDir: string | undefined;
  /** CIDR ranges; runtime backends must lie in one of them. */
  readonly allowedNetworks: readonly string[];
  readonly access: AccessPlan;
}

/** Where else the API is, who may ask what, and how much of it. */
export interface AccessPlan {
  /** Undefined: plain HTTP. */
  readonly tls: TlsPlan | undefined;
  readonly unixSocket: UnixSocketPlan | undefined;
  /** A second address for metrics and health alone. */
  readonly metricsListen: ListenAddress | undefined;
  /** Without tokens and client certificates no credentials are asked for. */
  readonly tokens: readonly TokenPlan[];
  readonly clientCertificates: readonly ClientCertificatePlan[];
  /** What is answered without credentials. */
  readonly open: readonly ('metrics' | 'health')[];
  /** Whether an address that others can reach may be without credentials. */
  readonly isInsecure: boolean;
  /** Host names, in lower case, by which clients without credentials may reach the API. */
  readonly names: readonly string[];
  readonly limits: ServerLimits;
  readonly holds: HoldLimits;
}

export interface ListenAddress {
  /** An IP address, or localhost. */
  readonly host: string;
  readonly port: number;
}

/** Paths of PEM files. */
export interface TlsPlan {
  readonly certFile: string;
  readonly keyFile: string;
  readonly clientCaFile: string | undefined;
  readonly minVersion: '1.2' | '1.3';
}

export interface UnixSocketPlan {
  readonly path: string;
  /** Permission bits. */
  readonly mode: number;
  /** Name or number; undefined: that of the process. */
  readonly group: string | undefined;
  readonly role: Role;
}

export interface TokenPlan {
  readonly name: string;
  readonly role: Role;
  /** Of the token, 64 hexadecimal digits in lower case. */
  readonly sha256: string;
}

export interface ClientCertificatePlan {
  readonly name: string;
  readonly role: Role;
  readonly by: 'subject_cn' | 'san_dns' | 'sha256_fingerprint';
  /** Fingerprints without colons, in lower case. */
  readonly value: string;
}

export interface ServerLimits {
  /** Of one client. */
  readonly requestsPerSecond: number;
  /** At a time, for each address and socket that is listened at. */
  readonly connections: number;
  readonly connectionsPerAddress: number;
}

/** How many requests and streams clients may keep open at a time; the rest of `server.limits`. */
export interface HoldLimits {
  readonly requests: number;
  readonly requestsPerCaller: number;
  readonly streams: number;
  readonly streamsPerCaller: number;
}

/** A connection to a load balancer or another system. */
export interface OutputPlan {
  /** Unique. */
  readonly name: string;
  /** The kind of output: a name in front/outputs/registry.ts. */
  readonly type: string;
  /** Options of the kind, defaults filled in, keys as in the file. */
  readonly options: Readonly<Record<string, unknown>>;
}

/** A listener but for its backends. */
export interface ListenerSettings {
  readonly name: string;
  readonly protocol: Protocol;
  /** Port of backends that name none; undefined where each names its own. */
  readonly port: number | undefined;
  readonly profile: string;
  readonly check: CheckPlan;
  /** What the check cannot show, or why it cannot work: a sentence each (see resolve/traps.ts). Absent: nothing. */
  readonly checkWarnings?: readonly string[];
  readonly allUnhealthy: 'none' | 'all';
  readonly initial: 'exclude' | 'include';
}

export interface ListenerPlan extends ListenerSettings {
  readonly backends: readonly BackendPlan[];
}

/** Plain data, so that it crosses threads; read it by `BackendColumns` (backend-columns.ts). */
export interface BackendMemory {
  readonly count: number;
  /** So many of them, the first, are of the file; the others are runtime backends. */
  readonly fromFile: number;
  readonly columns: SharedArrayBuffer;
  readonly text: SharedArrayBuffer;
  readonly index: SharedArrayBuffer;
}

export interface PackedListener extends ListenerSettings {
  readonly backends: BackendMemory;
}

export interface CheckPlan {
  readonly enabled: boolean;
  /** The kind of probe: a name in probes/registry.ts. */
  readonly type: string;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly healthyThreshold: number;
  readonly unhealthyThreshold: number;
  /** Passes that settle an initial backend; `healthy_threshold` is resolved to its number. */
  readonly initialPasses: number;
  readonly pace: Pace;
  /** Check port; undefined: each backend's own (docs/semantics.md item 13). */
  readonly port: number | undefined;
  readonly source: string | undefined;
  readonly interface: string | undefined;
  /** Options of the kind only (method, path, tls …), defaults filled in, keys as in the file. */
  readonly options: Readonly<Record<string, unknown>>;
}

export interface BackendPlan {
  /** Its name, or ADDRESS:PORT; unique within its listener. */
  readonly id: string;
  readonly address: string;
  readonly family: Family;
  /** Port of the service. */
  readonly port: number;
  /** Port that is probed. */
  readonly checkPort: number;
  readonly weight: number;
}

/** A backend that came over the API, not by the file. */
export interface RuntimeBackend {
  readonly id: string;
  readonly address: string;
  readonly port: number;
  readonly weight: number;
  /** Grows with each change of it: its ETag. */
  readonly version: number;
  readonly by: string;
  /** When it last changed, wall-clock ms since the epoch. */
  readonly at: number;
}

/** By listener; also of listeners that the file does not have (any more), should it get them. */
export type RuntimeBackends = readonly { readonly listener: string; readonly backends: readonly RuntimeBackend[] }[];
