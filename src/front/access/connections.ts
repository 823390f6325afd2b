/** What is known of each open connection, whichever of its sockets a part of the program sees. */
import type { Socket } from 'node:net';

export interface Connection {
  /** As it was accepted; with TLS, HTTP sees another one. */
  readonly socket: Socket;
  /** See {@link clientAddress}. */
  readonly address: string;
  /** Requests that are being answered. */
  busy: number;
  /** Its last request came with valid credentials. */
  isKnown: boolean;
}

const connections = new WeakMap<Socket, Connection>();

export function setConnection(socket: Socket, connection: Connection): void {
  connections.set(socket, connection);
}

/** Undefined on servers without limits: those of tests. */
export function connectionOf(socket: Socket): Connection | undefined {
  return connections.get(socket);
}

/** Counts a request until its answer has ended. @param ended calls back then */
export function countRequest(socket: Socket, ended: (listener: () => void) => void): void {
  const connection = connections.get(socket);
  if (connection === undefined) return;
  connection.busy++;
  ended(() => connection.busy--);
}

/** To be called for each request once its caller is known. */
export function noteCaller(socket: Socket, hasCredentials: boolean): void {
  const connection = connections.get(socket);
  if (connection !== undefined) connection.isKnown = hasCredentials;
}
