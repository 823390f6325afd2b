/** A real TCP or TLS server on loopback whose every connection is handed to a behaviour. */
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type SecureVersion, type TLSSocket } from 'node:tls';
import { once } from 'node:events';
import type { Identity } from '../certificates.js';
import { closedTcpPort } from '../loopback.js';

export type ServerSocket = Socket | TLSSocket;

/** What a backend does with a connection that it has accepted; `count` is 1 for its first one. */
export type Behaviour = (socket: ServerSocket, count: number) => void;

export interface LoopbackServer {
  readonly address: string;
  readonly port: number;
  /** Connections accepted so far. */
  readonly accepted: number;
  /** Accepted and not closed yet. */
  readonly open: number;
  /** Bytes that the server managed to hand to its kernel. */
  readonly bytesSent: number;
  /** The error of each connection that ended with one, by code; '' for a clean end. */
  readonly endings: readonly string[];
  /** All that clients sent, as text. */
  readonly received: string;
  close(): Promise<void>;
}

export interface ServeOptions {
  readonly address?: string;
  /** Speak TLS with this certificate. */
  readonly identity?: Identity;
  readonly demandsClientCertificate?: boolean;
  /** The newest version of TLS. */
  readonly maxVersion?: SecureVersion;
}

export async function serve(behaviour: Behaviour, options: ServeOptions = {}): Promise<LoopbackServer> {
  const raw = new Set<Socket>();
  const log = { accepted: 0, bytesSent: 0, endings: [] as string[], received: '' };
  const accept = (socket: ServerSocket): void => {
    // A peer that goes away is what these tests are about.
    socket.on('error', () => undefined);
    socket.on('data', (bytes: Buffer) => {
      if (log.received.length < 100_000) log.received += bytes.toString('latin1');
    });
    behaviour(socket, ++log.accepted);
  };
  const server: Server = options.identity
    ? createTlsServer(
        {
          ...options.identity,
          requestCert: options.demandsClientCertificate ?? false,
          rejectUnauthorized: true,
          ...(options.maxVersion !== undefined && { maxVersion: options.maxVersion }),
        },
        accept,
      )
    : createServer({ allowHalfOpen: true }, accept);
  server.on('connection', (socket) => {
    let code = '';
    raw.add(socket);
    socket.on('error', (error: NodeJS.ErrnoException) => (code = error.code ?? 'unknown'));
    // The client's FIN ends a server that has said all it had to say.
    socket.on('end', () => socket.end());
    socket.on('close', () => {
      raw.delete(socket);
      log.bytesSent += socket.bytesWritten;
      log.endings.push(code);
    });
  });
  server.on('tlsClientError', () => undefined);
  server.listen(0, options.address ?? '127.0.0.1');
  await once(server, 'listening');
  const { address, port } = server.address() as AddressInfo;
  return {
    address,
    port,
    get accepted() {
      return log.accepted;
    },
    get open() {
      return raw.size;
    },
    get bytesSent() {
      return log.bytesSent + [...raw].reduce((sum, socket) => sum + socket.bytesWritten - socket.writableLength, 0);
    },
    get endings() {
      return log.endings;
    },
    get received() {
      return log.received;
    },
    async close() {
      for (const socket of raw) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

/** A port of loopback on which nothing listens. */
export async function closedPort(address = '127.0.0.1'): Promise<{ address: string; port: number }> {
  return { address, port: await closedTcpPort(address) };
}
