/** `server`, as far as it says who may ask the API what. Refuses what would let in anybody by mistake. */
import { isLoopback } from '../address.js';
import { defaultHolds, defaultLimits, defaultSocketMode } from '../access-schema.js';
import type {
  AccessPlan,
  ClientCertificatePlan,
  HoldLimits,
  ListenAddress,
  ServerLimits,
  TlsPlan,
  TokenPlan,
  UnixSocketPlan,
} from '../plan.js';
import type { ValuePath } from '../problem.js';
import type { ResolveContext } from './context.js';
import type { RawClientCertificate, RawServer } from './raw.js';

const certificateKeys = ['subject_cn', 'san_dns', 'sha256_fingerprint'] as const;

/**
 * @param listen where the API is to be; undefined where that could not be read
 * @param metricsListen the second address
 */
export function resolveAccess(
  context: ResolveContext,
  listen: ListenAddress | undefined,
  metricsListen: ListenAddress | undefined,
): AccessPlan {
  const raw = context.raw.server ?? {};
  const names = new UniqueNames(context);
  const access = {
    tls: resolveTls(raw),
    unixSocket: resolveSocket(raw),
    metricsListen,
    tokens: resolveTokens(context, raw, names),
    clientCertificates: resolveCertificates(context, raw, names),
    open: [...new Set(raw.open)].filter((part) => part !== undefined),
    isInsecure: raw.insecure === true,
    names: resolveNames(context, raw),
    limits: resolveLimits(raw),
    holds: resolveHolds(raw),
  };
  if (listen !== undefined) checkExposure(context, raw, listen);
  return access;
}

/**
 * Anybody who reaches the API without credentials could change what is routed to. With `insecure: true` that is the
 * operator's decision: it is a warning then, at each start and reload, so that it is not forgotten.
 */
function checkExposure(context: ResolveContext, raw: RawServer, { host }: ListenAddress): void {
  const isInsecure = raw.insecure === true;
  const hasCredentials = (raw.tokens?.length ?? 0) + (raw.client_certificates?.length ?? 0) > 0;
  const hasTls = raw.tls !== undefined || context.isBroken(['server', 'tls']);
  if (isLoopback(host) || (hasCredentials && hasTls)) {
    if (isInsecure) context.warning(['server', 'insecure'], 'insecure: true is not needed here, and would hide a later mistake; remove it');
    return;
  }
  const path = ['server', isInsecure ? 'insecure' : 'listen'];
  if (hasCredentials) {
    const remedy = isInsecure ? 'set server.tls' : 'set server.tls, or say server.insecure: true';
    context.warning(path, `tokens cross the network readable at ${host}: ${remedy}`);
    return;
  }
  const risk = `any client that reaches ${host} could change the routing`;
  const remedy =
    'set server.tokens (vitald token makes one) or server.client_certificates; or listen at 127.0.0.1, with server.metrics_listen for Prometheus';
  if (isInsecure) context.warning(path, `${risk}, without credentials, because of insecure: true; ${remedy}`);
  else context.problem(path, `${risk}: ${remedy}; or say server.insecure: true`);
}

function resolveTls({ tls }: RawServer): TlsPlan | undefined {
  // A missing file was told of by the schema.
  if (tls?.cert_file === undefined || tls.key_file === undefined) return undefined;
  return { certFile: tls.cert_file, keyFile: tls.key_file, clientCaFile: tls.client_ca_file, minVersion: tls.min_version ?? '1.2' };
}

function resolveSocket({ unix_socket: socket }: RawServer): UnixSocketPlan | undefined {
  if (socket?.path === undefined) return undefined;
  const mode = parseInt(socket.mode ?? defaultSocketMode, 8);
  return { path: socket.path, mode, group: socket.group, role: socket.role ?? 'admin' };
}

function resolveTokens(context: ResolveContext, { tokens = [] }: RawServer, names: UniqueNames): TokenPlan[] {
  const seen = new Map<string, ValuePath>();
  return tokens.flatMap((token, index) => {
    if (token?.name === undefined || token.role === undefined || token.sha256 === undefined) return [];
    const path = ['server', 'tokens', index];
    names.take(token.name, path);
    const sha256 = token.sha256.toLowerCase();
    const twin = seen.get(sha256);
    if (twin !== undefined) {
      context.problem([...path, 'sha256'], `duplicate token; first defined on line ${context.position(twin).line}`);
    }
    seen.set(sha256, [...path, 'sha256']);
    return [{ name: token.name, role: token.role, sha256 }];
  });
}

function resolveCertificates(context: ResolveContext, raw: RawServer, names: UniqueNames): ClientCertificatePlan[] {
  const { client_certificates: certificates = [], tls } = raw;
  const list = ['server', 'client_certificates'];
  if (certificates.length > 0 && tls === undefined && !context.isBroken(['server', 'tls'])) {
    context.problem(list, 'client certificates need server.tls with cert_file and key_file', 'key');
  }
  return certificates.flatMap((certificate, index) => {
    if (certificate?.name === undefined || certificate.role === undefined) return [];
    const path = [...list, index];
    names.take(certificate.name, path);
    const found = matchOf(context, certificate, path);
    if (found === undefined) return [];
    if (found.by !== 'sha256_fingerprint' && tls !== undefined && tls.client_ca_file === undefined) {
      context.problem([...path, found.by], 'needs server.tls.client_ca_file: the authority that signs such certificates');
    }
    return [{ name: certificate.name, role: certificate.role, ...found }];
  });
}

function matchOf(
  context: ResolveContext,
  certificate: RawClientCertificate,
  path: ValuePath,
): Pick<ClientCertificatePlan, 'by' | 'value'> | undefined {
  const written = certificateKeys.filter((key) => certificate[key] !== undefined);
  const [by] = written;
  if (by !== undefined && written.length === 1) {
    const value = certificate[by]!;
    return { by, value: by === 'sha256_fingerprint' ? value.replaceAll(':', '').toLowerCase() : value };
  }
  if (certificateKeys.some((key) => context.isBroken([...path, key]))) return undefined;
  context.problem(path, `exactly one of ${certificateKeys.join(', ')} is needed; found ${written.join(' and ') || 'none'}`);
  return undefined;
}

/** See front/access/caller.ts. */
const reservedNames = ['anonymous', 'unix-socket'];

/** Names of callers: the audit log must not take one for another. */
class UniqueNames {
  readonly #context: ResolveContext;
  readonly #first = new Map<string, ValuePath>();

  constructor(context: ResolveContext) {
    this.#context = context;
  }

  take(name: string, entry: ValuePath): void {
    if (reservedNames.includes(name))
      this.#context.problem([...entry, 'name'], `${name} is how the audit log names callers without credentials`);
    const twin = this.#first.get(name);
    if (twin === undefined) this.#first.set(name, entry);
    else {
      const { line } = this.#context.position(twin);
      this.#context.problem([...entry, 'name'], `duplicate name of a token or client certificate; first defined on line ${line}`);
    }
  }
}

function resolveNames(context: ResolveContext, { names = [] }: RawServer): string[] {
  const own = [context.machine.hostname, ...(context.raw.checker === undefined ? [] : [context.raw.checker])];
  return [...new Set([...own, ...names].flatMap((name) => name?.toLowerCase() ?? []))];
}

function resolveLimits({ limits = {} }: RawServer): ServerLimits {
  const connections = limits.connections ?? defaultLimits.connections;
  return {
    requestsPerSecond: limits.requests_per_second ?? defaultLimits.requestsPerSecond,
    connections,
    connectionsPerAddress: limits.connections_per_address ?? Math.min(defaultLimits.connectionsPerAddress, connections),
  };
}

/** A limit per caller is never above the limit in all, so that a lower total needs one key only. */
function resolveHolds({ limits = {} }: RawServer): HoldLimits {
  const requests = limits.held_requests ?? defaultHolds.requests;
  const streams = limits.event_streams ?? defaultHolds.streams;
  return {
    requests,
    requestsPerCaller: limits.held_requests_per_caller ?? Math.min(defaultHolds.requestsPerCaller, requests),
    streams,
    streamsPerCaller: limits.event_streams_per_caller ?? Math.min(defaultHolds.streamsPerCaller, streams),
  };
}
