/** Demo backends over TCP: HTTP and HTTPS servers in several moods, and ports where nobody listens. */
import { createServer as createHttp, type RequestListener, type Server as HttpServer } from 'node:http';
import { createServer as createHttps, type Server as HttpsServer } from 'node:https';
import { createServer as createPlain, type AddressInfo } from 'node:net';
import { listen, type Backend } from './backend.js';
import { selfSigned } from './certificate.js';
import { demoAddress } from './ports.js';

function answer(status: number): RequestListener {
  return (_request, response) => {
    response.writeHead(status, { 'content-type': 'text/plain' }).end(`demo backend: ${status}\n`);
  };
}

export function startAnswering(port: number): Promise<Backend> {
  return serve(createHttp(answer(200)), port, 'answers: HTTP 200');
}

export function startError503(port: number): Promise<Backend> {
  return serve(createHttp(answer(503)), port, 'has an error: HTTP 503');
}

export function startSlow(port: number, slowMs: number): Promise<Backend> {
  const ok = answer(200);
  const server = createHttp((request, response) => {
    const timer = setTimeout(() => void ok(request, response), slowMs);
    response.on('close', () => clearTimeout(timer));
  });
  return serve(server, port, `is slow: HTTP 200 after ${slowMs / 1000} s`);
}

export function startHttps(port: number): Promise<Backend> {
  const server = createHttps(selfSigned(['localhost', demoAddress], [-1, 3650]), answer(200));
  // Checks that speak plain HTTP to it, or only connect, are part of the demonstration.
  server.on('tlsClientError', () => undefined);
  return serve(server, port, 'answers: HTTPS 200, self-signed certificate');
}

async function serve(server: HttpServer | HttpsServer, port: number, describe: string): Promise<Backend> {
  server.on('clientError', (_error, socket) => socket.destroy());
  await listen(server, port);
  return { port: boundPort(server), describe, close: () => shut(server) };
}

/** A port that nobody listens on: it is tried once, so that no other program's port is shown as closed. */
export async function startRefusing(port: number): Promise<Backend> {
  const server = createPlain();
  await listen(server, port);
  const refusing = boundPort(server);
  await new Promise((resolve) => server.close(resolve));
  return { port: refusing, describe: 'refuses: nothing listens', close: () => Promise.resolve() };
}

/** Up and down in turn: it really stops listening, and all its connections are cut. */
export async function startFlapping(port: number, flapMs: number): Promise<Backend> {
  let server: HttpServer | undefined = createHttp(answer(200));
  await listen(server, port);
  const fixedPort = boundPort(server);
  let turning = Promise.resolve();
  const flip = async (): Promise<void> => {
    if (server !== undefined) {
      const up = server;
      server = undefined;
      await shut(up);
      return;
    }
    const next = createHttp(answer(200));
    // Another program may have taken the port meanwhile: then it stays down, and the next turn tries again.
    await listen(next, fixedPort).then(
      () => (server = next),
      () => undefined,
    );
  };
  const timer = setInterval(() => {
    turning = turning.then(flip);
  }, flapMs);
  return {
    port: fixedPort,
    describe: `flaps: HTTP 200 for ${flapMs / 1000} s, then refuses for ${flapMs / 1000} s`,
    close: async () => {
      clearInterval(timer);
      await turning;
      if (server !== undefined) await shut(server);
    },
  };
}

function boundPort(server: { address(): string | AddressInfo | null }): number {
  return (server.address() as AddressInfo).port;
}

function shut(server: HttpServer | HttpsServer): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
