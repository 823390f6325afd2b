/**
 * The backends of measurements under a shortage: services on many addresses of this network namespace, each of which
 * can fail alone. Runs as a process of its own that comes before all others (see services.ts), because a backend that is itself
 * short of time would be rightly found slow.
 */
import { execFileSync } from 'node:child_process';
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { createServer as createTcpServer, isIPv6, type Server, type Socket } from 'node:net';
import { selfSigned } from '#vitald/demo/certificate.js';
import { comeFirst } from '../support/priority.js';
import type { Family, FaultWay } from './probe-cases.js';
import type { ServiceCommand, ServiceReply, ServiceSpec } from './services.js';

comeFirst('first');

const backlog = 4096;
/** A kept connection is never closed by the backend. */
const patient = { keepAliveTimeout: 0, requestTimeout: 0, headersTimeout: 0 };
/** The faults that are on, by address. */
const faults = new Map<string, FaultWay>();
const udpSockets = new Map<string, UdpSocket>();

/** Without what a measurement before may have left. */
const ruleset = `table inet vitald_faults {}
delete table inet vitald_faults
table inet vitald_faults {
  set dropped4 { type ipv4_addr; }
  set dropped6 { type ipv6_addr; }
  chain input {
    type filter hook input priority 0
    ip daddr @dropped4 drop
    ip6 daddr @dropped6 drop
  }
}
`;

/** One listening socket serves every address of a family. */
async function listen(server: Server, family: Family, port: number): Promise<void> {
  server.listen({ host: family === 4 ? '0.0.0.0' : '::', port, backlog, ipv6Only: family === 6 });
  await once(server, 'listening');
}

const answer: RequestListener = (request, response) => {
  if (faults.has(request.socket.localAddress!)) return;
  response.writeHead(200, { 'content-length': 0 }).end();
};

function tcpServer(): Server {
  return createTcpServer((socket) => socket.on('error', () => undefined).destroy());
}

function httpServer(): Server {
  return createHttpServer(patient, answer);
}

/** A backend that is stalled accepts connections, and leaves the handshake alone. */
function httpsServer(): Server {
  const https = createHttpsServer({ ...selfSigned(['backend']), ...patient }, answer);
  https.on('tlsClientError', () => undefined);
  return createTcpServer((socket: Socket) => {
    socket.on('error', () => undefined);
    if (faults.get(socket.localAddress!) === 'stalled') socket.resume();
    else https.emit('connection', socket);
  });
}

const servers = { tcp: tcpServer, http: httpServer, https: httpsServer };

/** One socket for each address: an answer must leave from the address that was asked. */
async function openUdp(address: string, port: number): Promise<void> {
  const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4');
  socket.on('error', () => undefined);
  socket.on('message', (_, from) => {
    if (!faults.has(address)) socket.send('pong', from.port, from.address);
  });
  socket.bind(port, address);
  await once(socket, 'listening');
  udpSockets.set(address, socket);
}

async function serve({ service, family, port, addresses }: ServiceSpec): Promise<void> {
  if (service === 'udp') for (const address of addresses) await openUdp(address, port);
  else if (service !== 'none') await listen(servers[service](), family, port);
}

function setDropped(action: 'add' | 'delete', address: string): void {
  execFileSync('nft', [action, 'element', 'inet', 'vitald_faults', isIPv6(address) ? 'dropped6' : 'dropped4', `{ ${address} }`]);
}

/** @returns the time just before the backend failed: what is measured from it is rather too long than too short */
function fail(address: string, way: FaultWay): number {
  const at = Date.now();
  faults.set(address, way);
  if (way === 'dropped') setDropped('add', address);
  if (way === 'closed') udpSockets.get(address)!.close();
  return at;
}

async function restore(address: string, port: number): Promise<void> {
  const way = faults.get(address);
  faults.delete(address);
  if (way === 'dropped') setDropped('delete', address);
  if (way === 'closed') await openUdp(address, port);
}

/** Stops serving an address whose backend was removed. Only UDP has something to close. */
function cease(address: string): void {
  udpSockets.get(address)?.close();
  udpSockets.delete(address);
}

async function obey(command: ServiceCommand): Promise<number> {
  switch (command.do) {
    case 'serve':
      await serve(command.spec);
      break;
    case 'fail':
      return fail(command.address, command.way);
    case 'restore':
      await restore(command.address, command.port);
      break;
    case 'cease':
      for (const address of command.addresses) cease(address);
      break;
    default:
      command satisfies never;
  }
  return Date.now();
}

execFileSync('nft', ['-f', '-'], { input: ruleset });
process.on('message', ({ id, command }: { id: number; command: ServiceCommand }) => {
  void obey(command).then((at) => process.send!({ id, at } satisfies ServiceReply));
});
