/** A UDP socket that only one backend can reach. */
import { createSocket, type Socket } from 'node:dgram';
import type { Family } from '../probe.js';
import type { DatagramSockets, IcmpError } from '../raw/sockets.js';

export interface UdpSocketSettings {
  readonly address: string;
  readonly port: number;
  readonly family: Family;
  readonly source: string | undefined;
  readonly device: string | undefined;
}

/** What a probe does with its socket. */
export interface UdpSocket {
  /** @param failed called if the datagram could not be sent */
  send(datagram: Buffer, failed: (error: NodeJS.ErrnoException) => void): void;
  /**
   * True where the kernel picked the backend's own port, at the backend's own address, for the socket: it would answer
   * itself. That can happen only on this machine, and only when no other socket has the port.
   */
  isConnectedToItself(): boolean;
  close(): void;
}

export type OpenUdpSocket = (settings: UdpSocketSettings, events: UdpSocketEvents, sockets?: DatagramSockets) => UdpSocket;

export interface UdpSocketEvents {
  /** The socket can send. */
  connected(): void;
  answer(bytes: Buffer): void;
  /**
   * May come before {@link openUdpSocket} returns, and more than once.
   *
   * @param icmp the ICMP error behind it, where one is known
   */
  failed(error: NodeJS.ErrnoException, icmp?: IcmpError): void;
}

type Lookup = (host: string, options: unknown, found: (error: Error | null, address: string, family: number) => void) => void;

const lookups = { 4: noLookup(4), 6: noLookup(6) } as const;

/** Addresses are numbers already: the resolver and its threads are left out, and everything happens in this turn. */
function noLookup(family: Family): Lookup {
  return (host, _options, found) => found(null, host, family);
}

/**
 * A connected socket: the kernel passes on only what comes from this address and port, and ICMP errors about it. Its
 * own port is one that the kernel picks at random, new for each probe, so that a forger has to guess it.
 */
export const openUdpSocket: OpenUdpSocket = (settings, events, sockets) => {
  const socket = createSocket({ type: settings.family === 4 ? 'udp4' : 'udp6', lookup: lookups[settings.family] });
  socket.on('message', (bytes) => events.answer(bytes));
  let bound = true;
  let fd: number | undefined;
  socket.on('error', (error) => {
    bound = false;
    events.failed(error, fd === undefined ? undefined : sockets?.icmpError(fd, settings.family));
  });
  try {
    fd = bind(socket, settings, sockets);
    // A failed bind was reported as an event, within the call.
    if (bound) socket.connect(settings.port, settings.address, (error?: unknown) => connected(error, events));
  } catch (error) {
    events.failed(error as NodeJS.ErrnoException);
  }
  return new ConnectedSocket(socket);
};

class ConnectedSocket implements UdpSocket {
  readonly #socket: Socket;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  send(datagram: Buffer, failed: (error: NodeJS.ErrnoException) => void): void {
    this.#socket.send(datagram, (error) => {
      if (error) failed(error);
    });
  }

  isConnectedToItself(): boolean {
    const local = this.#socket.address();
    const remote = this.#socket.remoteAddress();
    return local.port === remote.port && local.address === remote.address;
  }

  close(): void {
    this.#socket.close();
  }
}

/** @returns the descriptor, where it is known */
function bind(socket: Socket, { family, source, device }: UdpSocketSettings, sockets: DatagramSockets | undefined): number | undefined {
  if (sockets === undefined) {
    socket.bind({ port: 0, address: source ?? (family === 4 ? '0.0.0.0' : '::'), exclusive: true });
    return undefined;
  }
  const fd = sockets.open(family, source, device);
  socket.bind({ fd });
  return fd;
}

/** Node hands the error of `connect` to its callback, which its types do not say. */
function connected(error: unknown, events: UdpSocketEvents): void {
  if (error instanceof Error) events.failed(error);
  else events.connected();
}
