/**
 * How many connections a server takes, in all and of one address, and who keeps or gets a place when all are taken.
 *
 * - A client of an address with fewer connections gets the place of the oldest idle connection without credentials of the
 *   address with the most. So one address, or a few, cannot keep the others out.
 * - Connections beyond the limits are let in for one request or two seconds. A request with valid credentials, or for the
 *   health of vitald, is answered there too; any other is refused with 503. So neither an operator nor what restarts a
 *   silent vitald is kept out by connections without credentials.
 * - Of a flood beyond that, the oldest connections are reset, which costs next to nothing.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { ServerLimits } from '../../config/plan.js';
import { limits as fixed } from '../http/limits.js';
import { clientAddress } from '../http/client.js';
import { ConnectionTable } from './connection-table.js';
import { connectionOf, setConnection, type Connection } from '../access/connections.js';

export interface ConnectionLimitOptions {
  /** As they are now: they may change. */
  readonly limits: () => ServerLimits;
  /** Whether a request has valid credentials. */
  readonly hasCredentials: (request: IncomingMessage) => boolean;
}

/** Beyond the limits, for callers with credentials, where no connection can be ended for them. */
const reserve = 0.1;
const healthPaths = ['/healthz', '/readyz'];

export class ConnectionLimit {
  readonly #options: ConnectionLimitOptions;
  /** Connections that have a place. */
  readonly #placed = new ConnectionTable();
  /** Connections beyond the limits. */
  readonly #extra = new ConnectionTable();
  readonly #timers = new Map<Connection, NodeJS.Timeout>();
  /** By address and port of the peer, until the handshake of TLS is done: what HTTP sees then is another socket. */
  readonly #byPeer = new Map<string, Connection>();

  constructor(server: Server, options: ConnectionLimitOptions) {
    this.#options = options;
    server.prependListener('connection', (socket: Socket) => this.#take(socket));
    server.prependListener('secureConnection', (socket: TLSSocket) => {
      const connection = this.#byPeer.get(peerOf(socket));
      if (connection !== undefined) setConnection(socket, connection);
    });
  }

  /** Whether a request is to be refused because its connection is one too many. May end another connection. */
  refuses(request: IncomingMessage, response: ServerResponse): boolean {
    const connection = connectionOf(request.socket);
    if (connection === undefined || !this.#extra.has(connection)) return false;
    if (this.#options.hasCredentials(request) && this.#promote(connection)) return false;
    if (!isAboutHealth(request)) return true;
    response.setHeader('connection', 'close');
    return false;
  }

  #take(socket: Socket): void {
    const connection = { socket, address: clientAddress(socket), busy: 0, isKnown: false };
    setConnection(socket, connection);
    const peer = peerOf(socket);
    this.#byPeer.set(peer, connection);
    socket.once('close', () => {
      this.#forget(connection);
      if (this.#byPeer.get(peer) === connection) this.#byPeer.delete(peer);
    });
    const { connections } = this.#options.limits();
    const { address } = connection;
    if (this.#isAddressFull(connection, 1)) this.#takeExtra(connection);
    // Callers of the Unix socket all have one address, and so no share that could be used up.
    else if (this.#placed.size < connections || this.#makeRoom(isOfNetwork(socket) ? this.#placed.count(address) + 1 : 0))
      this.#placed.add(connection);
    else this.#takeExtra(connection);
  }

  /** @param factor of the limit of an address */
  #isAddressFull({ socket, address }: Connection, factor: number): boolean {
    return isOfNetwork(socket) && this.#placed.count(address) >= Math.ceil(this.#options.limits().connectionsPerAddress * factor);
  }

  /** Ends an idle connection without credentials of an address that has more connections than `above`. */
  #makeRoom(above: number): boolean {
    const victim = this.#placed.victim(above, isIdleStranger);
    if (victim !== undefined) this.#end(victim);
    return victim !== undefined;
  }

  #takeExtra(connection: Connection): void {
    const { address, socket } = connection;
    const ofAddress = this.#extra.count(address);
    const isFull = this.#extra.size >= fixed.refusedConnectionsInAll;
    // The newest one has the best chance to be a client that waits for an answer.
    const victim =
      ofAddress >= fixed.refusedConnections
        ? this.#extra.oldestOf(address)
        : isFull
          ? this.#extra.victim(ofAddress + 1, () => true)
          : undefined;
    if (victim !== undefined) this.#end(victim);
    else if (isFull) {
      reset(socket);
      return;
    }
    this.#extra.add(connection);
    this.#timers.set(
      connection,
      setTimeout(() => socket.destroy(), fixed.refusedConnectionMs),
    );
  }

  /** Gives a place to a connection with credentials. @returns false if there is none */
  #promote(connection: Connection): boolean {
    const { connections } = this.#options.limits();
    const { address } = connection;
    const isAddressFull = this.#isAddressFull(connection, 1);
    if (isAddressFull || this.#placed.size >= connections) {
      const victim = isAddressFull ? this.#placed.oldestOf(address, isIdleStranger) : this.#placed.victim(0, isIdleStranger);
      if (victim !== undefined) this.#end(victim);
      else if (this.#isAddressFull(connection, 1 + reserve) || this.#placed.size >= Math.ceil(connections * (1 + reserve))) return false;
    }
    this.#forget(connection);
    this.#placed.add(connection);
    return true;
  }

  #end(connection: Connection): void {
    this.#forget(connection);
    reset(connection.socket);
  }

  #forget(connection: Connection): void {
    this.#placed.delete(connection);
    this.#extra.delete(connection);
    clearTimeout(this.#timers.get(connection));
    this.#timers.delete(connection);
  }
}

function isOfNetwork({ remoteAddress }: Socket): boolean {
  return remoteAddress !== undefined;
}

/** Only TCP can reset. */
function reset(socket: Socket): void {
  if (isOfNetwork(socket)) socket.resetAndDestroy();
  else socket.destroy();
}

function isIdleStranger({ busy, isKnown }: Connection): boolean {
  return busy === 0 && !isKnown;
}

function isAboutHealth({ method, url = '' }: IncomingMessage): boolean {
  return (method === 'GET' || method === 'HEAD') && healthPaths.includes(url.split('?', 1)[0]!);
}

function peerOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}
