/** `vitald check --print`: who may ask the API what. Hashes of tokens are not shown: they say nothing to people. */
import { formatEndpoint } from '../endpoint.js';
import { defaultHolds } from './access-schema.js';
import type { AccessPlan, ClientCertificatePlan, HoldLimits, TlsPlan, UnixSocketPlan } from './plan.js';

/** As data: keys as in the file. */
export function accessData(access: AccessPlan): Record<string, unknown> {
  const { tls, unixSocket, metricsListen, limits, holds } = access;
  return {
    metrics_listen: metricsListen === undefined ? null : formatEndpoint(metricsListen.host, metricsListen.port),
    unix_socket: unixSocket === undefined ? null : { ...unixSocket, mode: octal(unixSocket), group: unixSocket.group ?? null },
    tls: tls === undefined ? null : tlsData(tls),
    tokens: access.tokens.map(({ name, role }) => ({ name, role })),
    client_certificates: access.clientCertificates.map(({ name, role, by, value }) => ({ name, role, [by]: value })),
    open: access.open,
    insecure: access.isInsecure,
    names: access.names,
    limits: {
      requests_per_second: limits.requestsPerSecond,
      connections: limits.connections,
      connections_per_address: limits.connectionsPerAddress,
      held_requests: holds.requests,
      held_requests_per_caller: holds.requestsPerCaller,
      event_streams: holds.streams,
      event_streams_per_caller: holds.streamsPerCaller,
    },
  };
}

function tlsData(tls: TlsPlan): Record<string, unknown> {
  return { cert_file: tls.certFile, key_file: tls.keyFile, client_ca_file: tls.clientCaFile ?? null, min_version: tls.minVersion };
}

function octal({ mode }: UnixSocketPlan): string {
  return mode.toString(8).padStart(4, '0');
}

/** Name and value of each line for people; what is not configured is left out, but for who may ask. */
export function accessLines(access: AccessPlan): [name: string, value: string][] {
  const { tls, unixSocket, metricsListen, open, limits, holds } = access;
  const callers = [
    ...access.tokens.map(({ name, role }) => `${name}: ${role}`),
    ...access.clientCertificates.map((certificate) => `${certificate.name}: ${certificate.role}, ${certificateText(certificate)}`),
  ];
  const perAddress = `${limits.connectionsPerAddress} of one address`;
  return [
    ...only('server.metrics_listen', metricsListen && formatEndpoint(metricsListen.host, metricsListen.port)),
    ...only('server.unix_socket', unixSocket && socketText(unixSocket)),
    ...only('server.tls', tls && tlsText(tls)),
    ...callerLines(callers),
    ...only('server.insecure', access.isInsecure ? 'true: others may reach `listen` without credentials' : undefined),
    ...only('server.names', access.names.length === 0 ? undefined : access.names.join(', ')),
    ...only('server.open', open.length === 0 ? undefined : open.join(', ')),
    ['server.limits', `${limits.requestsPerSecond} requests a second of a client, ${limits.connections} connections, ${perAddress}`],
    ...only('', isDefault(holds) ? undefined : holdsText(holds)),
  ];
}

function isDefault(holds: HoldLimits): boolean {
  return (Object.keys(defaultHolds) as (keyof HoldLimits)[]).every((name) => holds[name] === defaultHolds[name]);
}

function holdsText({ requests, requestsPerCaller, streams, streamsPerCaller }: HoldLimits): string {
  return `${requests} held requests, ${requestsPerCaller} per caller; ${streams} event streams, ${streamsPerCaller} per caller`;
}

function callerLines(callers: readonly string[]): [string, string][] {
  if (callers.length === 0) return [['callers', 'every client that reaches the API may do everything']];
  return callers.map((caller, place) => [place === 0 ? 'callers' : '', caller]);
}

function only(name: string, value: string | undefined): [string, string][] {
  return value === undefined ? [] : [[name, value]];
}

function socketText(socket: UnixSocketPlan): string {
  const group = socket.group === undefined ? '' : `, group ${socket.group}`;
  return `${socket.path}, mode ${octal(socket)}${group}: ${socket.role}`;
}

function tlsText({ certFile, keyFile, clientCaFile, minVersion }: TlsPlan): string {
  const clients = clientCaFile === undefined ? '' : `, clients by ${clientCaFile}`;
  return `${certFile} with ${keyFile}, TLS ${minVersion} or newer${clients}`;
}

function certificateText({ by, value }: ClientCertificatePlan): string {
  return `certificate with ${by} ${value}`;
}
