/** The check's own request, and the same with one thing changed. */
import { compileHttp } from '../../../probes/http/compile.js';
import { withDefaults, type HttpOptions, type Method } from '../../../probes/http/options.js';
import { hostOf, requestFor, type Scheme } from '../../../probes/http/request.js';
import { printable } from '../../../probes/printable.js';
import type { Subject } from '../subject.js';
import type { Ask } from './exchange.js';

/** What is changed against the check's own request. */
export interface Change {
  readonly scheme?: Scheme;
  readonly method?: Method;
  readonly path?: string;
  readonly version?: '1.0' | '1.1';
  /** `null`: no Host header at all. */
  readonly host?: string | null;
  readonly port?: number;
  /** One header more. */
  readonly header?: readonly [name: string, value: string];
}

/** The scheme of an http or https check; undefined for the other types. */
export function schemeOf({ check }: Subject): Scheme | undefined {
  return check.type === 'http' || check.type === 'https' ? check.type : undefined;
}

/** The options of the check, defaults filled in; of other types than http and https: the defaults. */
export function httpOptionsOf({ check }: Subject): HttpOptions {
  return withDefaults(check.options);
}

/** The Host header that the check sends. */
export function hostOfCheck(subject: Subject): string {
  return httpOptionsOf(subject).host ?? addressAsHost(subject);
}

/** The backend's address and port as a Host header. */
export function addressAsHost(subject: Subject): string {
  return hostOf(schemeOf(subject) ?? 'http', subject.address, subject.family, subject.checkPort);
}

/** @param waitMs for all of the exchange */
export function requestTo(subject: Subject, change: Change, waitMs: number): Ask {
  const own = httpOptionsOf(subject);
  const scheme = change.scheme ?? schemeOf(subject) ?? 'http';
  const port = change.port ?? subject.checkPort;
  const options: HttpOptions = {
    ...own,
    method: change.method ?? own.method,
    path: change.path ?? own.path,
    http_version: change.version ?? own.http_version,
    host: change.host ?? own.host ?? hostOf(scheme, subject.address, subject.family, port),
    headers: withHeader(own.headers, change.header),
    // Another name in Host is one change; that the certificate is not for it would be a second.
    tls: change.host === undefined ? own.tls : { ...own.tls, verify: false },
  };
  const settings = { timeoutMs: waitMs, source: subject.check.source, interface: subject.check.interface, options: { ...options } };
  const bytes = requestFor(scheme, options)({ address: subject.address, family: subject.family, port });
  return {
    request: describe(options, { scheme, hasHost: change.host !== null, address: subject.address, port, header: change.header }),
    to: streamTo(subject, port),
    bytes: change.host === null ? withoutHost(bytes) : bytes,
    tls: scheme === 'https' ? compileHttp('https', settings).tls : undefined,
    waitMs,
  };
}

/** A connection on which nothing is said. */
export function silentConnection(subject: Subject, port: number, waitMs: number): Ask {
  const request = `a connection to port ${port}, and nothing on it`;
  return { request, to: streamTo(subject, port), bytes: undefined, tls: undefined, waitMs };
}

function streamTo({ address, family, check }: Subject, port: number): Ask['to'] {
  return { address, family, port, source: check.source, device: check.interface };
}

function withHeader(headers: HttpOptions['headers'], added: Change['header']): HttpOptions['headers'] {
  if (added === undefined) return headers;
  const others = Object.entries(headers).filter(([name]) => name.toLowerCase() !== added[0].toLowerCase());
  return Object.fromEntries([...others, added]);
}

/** The request is made of valid options: its second line is the Host header. */
function withoutHost(bytes: Buffer): Buffer {
  return Buffer.from(bytes.toString('latin1').replace(/\r\nHost: [^\r]*/, ''), 'latin1');
}

interface Circumstances {
  readonly scheme: Scheme;
  readonly hasHost: boolean;
  readonly address: string;
  readonly port: number;
  readonly header: Change['header'];
}

/** Values of configured headers are not shown: they may be secrets. */
function describe(options: HttpOptions, { scheme, hasHost, address, port, header }: Circumstances): string {
  const parts = [
    `${options.method} ${options.path} HTTP/${options.http_version}`,
    hasHost ? `Host: ${options.host}` : 'without Host',
    ...(header === undefined ? [] : [`${header[0]}: ${header[1]}`]),
  ];
  const others = Object.keys(options.headers).filter((name) => name !== header?.[0]);
  if (others.length > 0) parts.push(`with ${others.join(', ')}`);
  const shown = parts.join(', ');
  // The path of a redirect is the backend's; long ones are cut.
  return `${shown.length > 300 ? printable(shown, 300) : shown}, ${scheme === 'https' ? 'by TLS' : 'plain'} to ${address} port ${port}`;
}
