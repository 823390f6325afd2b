/**
 * The addresses at which the API is served: `server.listen`, and where configured a second one for metrics, and a Unix
 * socket. One app answers for all of them.
 */
import { once } from 'node:events';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Server as HttpsServer } from 'node:https';
import { type AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { formatEndpoint, formatHost } from '../../endpoint.js';
import { messageOf } from '../../message-of.js';
import { isLoopback } from '../../config/address.js';
import type { ListenAddress, ServerLimits, ServerPlan, TlsPlan } from '../../config/plan.js';
import { CodedError } from '../../errors.js';
import { ClientTrust } from '../access/client-trust.js';
import { ConnectionLimit } from './connection-limit.js';
import { countRequest } from '../access/connections.js';
import { markEntrance, type Entrance } from '../http/entrance.js';
import { createHttpServer, type TlsOptions } from './http-server.js';
import { readTlsFiles } from './tls-files.js';
import { listenAtSocket } from './unix-socket.js';
import { Windows } from '../http/windows.js';
import { answerTooManyConnections } from './client-error.js';

/** How often connections whose last answer is out are closed while the servers close. */
const closeIdleEveryMs = 50;
/** The same failure to take connections is told so often. */
const failureWindowMs = 60_000;

export interface ListenOptions {
  readonly app: FastifyInstance;
  readonly server: ServerPlan;
  /** Those in force: a reload may change them. */
  readonly limits: () => ServerLimits;
  /** Whether a request has valid credentials; default: none has. */
  readonly hasCredentials?: (request: IncomingMessage) => boolean;
  readonly tell: (level: 'info' | 'warn', sentence: string) => void;
}

export class Entrances {
  readonly #options: ListenOptions;
  readonly #servers: Server[] = [];
  #tls: TlsOptions | undefined;
  readonly #trusts: ClientTrust[] = [];
  /** PEM of the authorities whose client certificates count; undefined: none. */
  #authorities: string | undefined;
  readonly #failures = new Windows(failureWindowMs);
  #rereads = 0;
  #removeSocket: (() => Promise<void>) | undefined;
  #url = '';

  private constructor(options: ListenOptions) {
    this.#options = options;
  }

  /** @throws CodedError where one of the addresses cannot be had, or TLS cannot be used; then none is open */
  static async open(options: ListenOptions): Promise<Entrances> {
    const entrances = new Entrances(options);
    try {
      await entrances.#open();
      return entrances;
    } catch (error) {
      await entrances.close(0);
      throw error;
    }
  }

  /** To open in a browser; for an address that stands for all addresses, the one of this machine itself. */
  get url(): string {
    return this.#url;
  }

  /** Reads the certificate again, or another one. Files that cannot be used change nothing. @param tls of the plan in force */
  async rereadTls(tls: TlsPlan | undefined): Promise<void> {
    if (tls === undefined || this.#tls === undefined) return;
    const number = ++this.#rereads;
    try {
      const files = await this.#readTls(tls);
      // A later reload may have been quicker.
      if (number !== this.#rereads) return;
      // New keys for session tickets come with it: sessions of before are not resumed.
      for (const server of this.#servers) if ('setSecureContext' in server) (server as HttpsServer).setSecureContext(files);
      this.#followAuthorities(files.ca as string | undefined);
      for (const trust of this.#trusts) trust.endBelow(tls.minVersion);
    } catch (error) {
      this.#options.tell('warn', `the certificate in use stays, since the new one cannot be used: ${(error as Error).message}`);
    }
  }

  #followAuthorities(pem: string | undefined): void {
    if (pem === this.#authorities) return;
    this.#authorities = pem;
    for (const trust of this.#trusts) trust.authoritiesChanged(pem);
  }

  /** Ends open requests. @param withinMs what is still open then is cut */
  async close(withinMs: number): Promise<void> {
    const closed = Promise.all(this.#servers.map((server) => new Promise((resolve) => server.close(resolve))));
    const idle = setInterval(() => this.#each((server) => server.closeIdleConnections()), closeIdleEveryMs);
    const cut = setTimeout(() => this.#each((server) => server.closeAllConnections()), withinMs);
    await this.#removeSocket?.();
    await closed;
    clearInterval(idle);
    clearTimeout(cut);
  }

  #each(act: (server: Server) => void): void {
    this.#servers.forEach(act);
  }

  async #open(): Promise<void> {
    const { server, tell } = this.#options;
    const { metricsListen, unixSocket, tls } = server.access;
    this.#tls = tls && { files: await this.#readTls(tls), asksForCertificates: asksForCertificates(server) };
    this.#authorities = this.#tls?.files.ca as string | undefined;
    const scheme = this.#tls === undefined ? 'http' : 'https';
    this.#url = `${scheme}://${await this.#listen('api', server, 'server.listen')}`;
    tell('info', `the API listens at ${this.#url}`);
    if (metricsListen !== undefined) {
      const at = await this.#listen('metrics', metricsListen, 'server.metrics_listen');
      tell('info', `metrics and health are served at http://${at}`);
    }
    if (unixSocket === undefined) return;
    this.#removeSocket = await listenAtSocket(this.#create({ kind: 'socket', isExposed: false }), unixSocket);
    tell('info', `the Unix socket ${unixSocket.path} is open`);
  }

  /** @returns host and port for a URL */
  async #listen(kind: Entrance['kind'], { host, port }: ListenAddress, key: string): Promise<string> {
    const [first = host, ...others] = host === 'localhost' ? ['127.0.0.1', '::1'] : [host];
    const create = (): Server => this.#create({ kind, isExposed: !isLoopback(host) });
    const bound = await listening(create(), { host: first, port }).catch((error: unknown) => {
      throw listenFailure(error, { host, port }, key);
    });
    // A machine without IPv6 has no ::1.
    for (const other of others) await listening(create(), { host: other, port: bound }).catch(() => undefined);
    return `${urlHost(host)}:${bound}`;
  }

  #create(entrance: Entrance): Server {
    const answer = (request: IncomingMessage, response: ServerResponse): void => {
      markEntrance(request, entrance);
      countRequest(request.socket, (ended) => response.once('close', ended));
      if (limit.refuses(request, response)) answerTooManyConnections(response);
      else this.#options.app.routing(request, response);
    };
    const tls = entrance.kind === 'api' ? this.#tls : undefined;
    const server = createHttpServer(answer, tls);
    if (tls !== undefined) this.#trusts.push(new ClientTrust(server));
    // Once it listens: a connection that could not be taken, because descriptors are used up for example.
    server.once('listening', () => server.on('error', (error) => this.#tellOfFailure(error)));
    const { limits, hasCredentials = () => false } = this.#options;
    const limit = new ConnectionLimit(server, { limits, hasCredentials });
    this.#servers.push(server);
    return server;
  }

  #tellOfFailure(error: Error): void {
    const { count } = this.#failures.count(error.message);
    if (count === 1) this.#options.tell('warn', `the API could not take a connection: ${error.message}`);
  }

  async #readTls(tls: TlsPlan): Promise<TlsOptions['files']> {
    const { options, warning } = await readTlsFiles(tls, Date.now());
    if (warning !== undefined) this.#options.tell('warn', warning);
    return options;
  }
}

async function listening(server: Server, { host, port }: ListenAddress): Promise<number> {
  server.listen({ host, port });
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

function asksForCertificates({ access }: ServerPlan): boolean {
  return access.clientCertificates.length > 0 || access.tls?.clientCaFile !== undefined;
}

/** What of a plan's addresses is not as they are; it changes only at a restart. A sentence each. */
export function needsRestart(bound: ServerPlan, wanted: ServerPlan): string[] {
  const stays = (key: string): string => `server.${key} changes only at a restart; until then it is as it was`;
  const { access: a } = bound;
  const { access: b } = wanted;
  const changed = (one: unknown, other: unknown): boolean => JSON.stringify(one) !== JSON.stringify(other);
  return [
    ...(bound.host !== wanted.host || bound.port !== wanted.port
      ? [`server.listen changes only at a restart; until then it is ${hostAndPort(bound)}`]
      : []),
    ...(changed(a.metricsListen, b.metricsListen) ? [stays('metrics_listen')] : []),
    ...(changed({ ...a.unixSocket, role: '' }, { ...b.unixSocket, role: '' }) ? [stays('unix_socket')] : []),
    ...((a.tls === undefined) !== (b.tls === undefined) ? [stays('tls')] : []),
    ...(a.tls !== undefined && b.tls !== undefined && asksForCertificates(bound) !== asksForCertificates(wanted)
      ? ['clients are asked for certificates, or not any more, only from a restart on']
      : []),
  ];
}

function urlHost(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  if (host === '::') return '[::1]';
  return formatHost(host);
}

/** As in the configuration: `127.0.0.1:8248`, `[::1]:8248`. */
export function hostAndPort({ host, port }: ListenAddress): string {
  return formatEndpoint(host, port);
}

/** One clear sentence for the person who started vitald. */
function listenFailure(error: unknown, address: ListenAddress, key: string): CodedError {
  const at = hostAndPort(address);
  switch ((error as NodeJS.ErrnoException).code) {
    case 'EADDRINUSE':
      return new CodedError('address_in_use', `${at} is in use by another program; set ${key} in the configuration, or stop that program`);
    case 'EADDRNOTAVAIL':
      return new CodedError(
        'address_not_available',
        `${address.host} is not an address of this machine; set ${key} in the configuration to one that is`,
      );
    case 'EACCES':
    case 'EPERM':
      return new CodedError(
        'permission_missing',
        `this user may not listen at ${at}; set ${key} to a port above 1023, or grant CAP_NET_BIND_SERVICE`,
      );
    default:
      return new CodedError('front_failed', `the API could not start at ${at}: ${messageOf(error)}`);
  }
}
