/** Sockets on loopback that behave badly in a known way. */
import { randomInt } from 'node:crypto';
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type Server, type Socket as Stream } from 'node:net';
import type { AddressInfo } from 'node:net';

export interface UdpServer {
  readonly port: number;
  readonly socket: Socket;
  /** Datagrams received so far. */
  readonly received: Buffer[];
  /** Waits until so many datagrams have been received. */
  receivedAtLeast(count: number): Promise<void>;
  close(): Promise<void>;
}

/** A UDP server on a free port unless one is named; `onMessage` answers, or does not. */
export async function udpServer(
  address: string,
  onMessage: (socket: Socket, message: Buffer, from: RemoteInfo) => void = () => undefined,
  port = 0,
): Promise<UdpServer> {
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
  const received: Buffer[] = [];
  socket.on('message', (message, from) => {
    received.push(message);
    onMessage(socket, message, from);
  });
  socket.bind(port, address);
  await once(socket, 'listening');
  return {
    port: socket.address().port,
    socket,
    received,
    receivedAtLeast: async (count) => {
      while (received.length < count) await once(socket, 'message');
    },
    close: () => new Promise((resolve) => void socket.close(() => resolve())),
  };
}

/** A UDP port where nobody listens. */
export function closedUdpPort(address: string): Promise<number> {
  return tryPorts(async (port) => (await udpServer(address, undefined, port)).close());
}

export interface TcpServer {
  readonly port: number;
  readonly server: Server;
  close(): Promise<void>;
}

/** A TCP server that accepts, on a free port unless one is named; `onConnection` does the rest. */
export async function tcpServer(address: string, onConnection: (stream: Stream) => void = () => undefined, port = 0): Promise<TcpServer> {
  const streams = new Set<Stream>();
  const server = createServer((stream) => {
    streams.add(stream);
    stream.on('error', () => undefined);
    stream.on('close', () => streams.delete(stream));
    onConnection(stream);
  });
  server.listen(port, address);
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    server,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const stream of streams) stream.destroy();
      }),
  };
}

/** A TCP port where nobody listens. */
export function closedTcpPort(address: string): Promise<number> {
  return tryPorts(async (port) => (await tcpServer(address, undefined, port)).close());
}

/** Below the ports that the system gives out (ip(7), ip_local_port_range): what is free there stays free. */
const quietPorts = { first: 20_000, count: 10_000 };

/** @returns the first port, from a random one on, with which `use` succeeds */
async function tryPorts(use: (port: number) => Promise<void>): Promise<number> {
  for (;;) {
    const port = quietPorts.first + randomInt(quietPorts.count);
    try {
      await use(port);
      return port;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    }
  }
}
