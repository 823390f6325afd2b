/**
 * Servers that answer each connection as soon as they have it and reset without reading the request, as scripts under inetd
 * do. Their process is not held up by the test, so that answer and reset arrive together.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { createServer as createTlsServer, type SecureVersion, type TLSSocket } from 'node:tls';
import { fileURLToPath } from 'node:url';
import type { Identity } from '../certificates.js';

export interface AtOnce {
  readonly address: string;
  readonly answer: string;
  /** Undefined: plain. */
  readonly tls?: Identity & { readonly version: SecureVersion };
}

/** @returns the servers' ports, in their order, and what ends them */
export async function answersAtOnce(servers: readonly AtOnce[]): Promise<{ readonly ports: readonly number[]; close(): void }> {
  const child = fork(fileURLToPath(import.meta.url), ['serve']);
  child.send(servers);
  const [ports] = (await once(child, 'message')) as [number[]];
  return { ports, close: () => child.kill('SIGKILL') };
}

async function listen({ address, answer, tls }: AtOnce): Promise<number> {
  const server =
    tls === undefined
      ? createServer({ pauseOnConnect: true }, (socket) => answerAndReset(socket, socket, answer))
      : createTlsServer({ key: tls.key, cert: tls.cert, minVersion: tls.version, maxVersion: tls.version }, (socket) =>
          answerAndReset(socket, (socket as TLSSocket & { _parent: Socket })._parent, answer),
        );
  server.on('tlsClientError', () => undefined).listen(0, address);
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

function answerAndReset(socket: Socket, below: Socket, answer: string): void {
  socket.on('error', () => undefined);
  below.on('error', () => undefined);
  socket.setNoDelay(true);
  socket.write(answer, 'latin1', () => below.resetAndDestroy());
}

if (process.argv[2] === 'serve' && process.send !== undefined) {
  process.on('disconnect', () => process.exit());
  process.once('message', (servers: AtOnce[]) => {
    void Promise.all(servers.map(listen)).then((ports) => process.send!(ports));
  });
}
