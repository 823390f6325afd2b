/**
 * How many connections a server takes, in all and of one address. Some beyond that are let in only to be told so, each for
 * one request or two seconds; of a flood the rest is reset, which costs next to nothing.
 */
import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { ServerLimits } from '../../config/plan.js';
import { limits as fixed } from '../api/limits.js';
import { clientAddress } from './client.js';

export class ConnectionLimit {
  readonly #limits: () => ServerLimits;
  readonly #byAddress = new Map<string, number>();
  #open = 0;
  /** Connections that are to be told; their sockets as HTTP sees them. */
  readonly #refused = new WeakSet<Socket>();
  /** The same of TLS, until the handshake is done: what HTTP sees then is another socket. */
  readonly #refusedPeers = new Set<string>();
  #told = 0;

  /** @param limits as they are now: they may change */
  constructor(server: Server, limits: () => ServerLimits) {
    this.#limits = limits;
    server.prependListener('connection', (socket: Socket) => this.#take(socket));
    server.prependListener('secureConnection', (socket: TLSSocket) => {
      if (this.#refusedPeers.has(peerOf(socket))) this.#refused.add(socket);
    });
  }

  /** Whether a request of this connection is to be refused. */
  refuses(socket: Socket): boolean {
    return this.#refused.has(socket);
  }

  #take(socket: Socket): void {
    const { connections, connectionsPerAddress } = this.#limits();
    const address = clientAddress(socket);
    const ofAddress = this.#byAddress.get(address) ?? 0;
    const isOfNetwork = socket.remoteAddress !== undefined;
    const isFull = this.#open >= connections || (isOfNetwork && ofAddress >= connectionsPerAddress);
    if (isFull) this.#refuse(socket);
    else this.#count(socket, address);
  }

  #count(socket: Socket, address: string): void {
    this.#open++;
    this.#byAddress.set(address, (this.#byAddress.get(address) ?? 0) + 1);
    socket.once('close', () => {
      this.#open--;
      const left = this.#byAddress.get(address)! - 1;
      if (left > 0) this.#byAddress.set(address, left);
      else this.#byAddress.delete(address);
    });
  }

  #refuse(socket: Socket): void {
    if (this.#told >= fixed.refusedConnections) {
      socket.resetAndDestroy();
      return;
    }
    this.#told++;
    const peer = peerOf(socket);
    this.#refused.add(socket);
    this.#refusedPeers.add(peer);
    const timer = setTimeout(() => socket.destroy(), fixed.refusedConnectionMs);
    socket.once('close', () => {
      this.#told--;
      this.#refusedPeers.delete(peer);
      clearTimeout(timer);
    });
  }
}

function peerOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}
