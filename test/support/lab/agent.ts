/** A program that runs in a namespace of the lab and opens sockets there, as the test asks for it. Ends with the test. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { impersonate } from './impersonate.js';
import type { AgentAnswer, AgentCalls, AgentRequest, ConnectEnd, Connecting, Fetched, TcpServing, UdpServing } from './agent-messages.js';
import { flood } from './flood.js';
import { forge } from './forge.js';

const accepted = new Map<number, number>();
const received = new Map<number, number>();

async function serveTcp({ address, port }: TcpServing): Promise<void> {
  accepted.set(port, 0);
  const server = createServer((stream) => {
    accepted.set(port, accepted.get(port)! + 1);
    stream.on('error', () => undefined);
  });
  server.listen(port, address);
  await once(server, 'listening');
}

async function serveUdp({ address, port, reply }: UdpServing): Promise<void> {
  received.set(port, 0);
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
  socket.on('message', (_message, from) => {
    received.set(port, received.get(port)! + 1);
    if (reply !== undefined) socket.send(reply, from.port, from.address);
  });
  // An ICMP error about an answer is the asker's business.
  socket.on('error', () => undefined);
  socket.bind(port, address);
  await once(socket, 'listening');
}

async function fetchText(url: string): Promise<Fetched> {
  const response = await fetch(url, { signal: AbortSignal.timeout(120_000) });
  return { status: response.status, text: await response.text() };
}

function tryToConnect({ address, port, timeoutMs }: Connecting): Promise<ConnectEnd> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port });
    const end = (how: ConnectEnd): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(how);
    };
    const timer = setTimeout(() => end('silent'), timeoutMs);
    socket.on('connect', () => end('connected'));
    socket.on('error', (error: NodeJS.ErrnoException) => end(error.code === 'ECONNREFUSED' ? 'refused' : 'prohibited'));
  });
}

type Handlers = { readonly [Call in keyof AgentCalls]: (argument: never) => unknown };

const handlers: Handlers = {
  serveTcp,
  accepted: (port: number) => accepted.get(port),
  serveUdp,
  received: (port: number) => received.get(port),
  impersonate,
  fetch: fetchText,
  connect: tryToConnect,
  flood,
  forge,
};

const answer = (message: AgentAnswer): void => void process.send!(message);

process.on('message', ({ id, call, argument }: AgentRequest) => {
  // Within a promise, so that whatever is thrown becomes an answer too.
  Promise.resolve(argument as never)
    .then((given) => handlers[call](given))
    .then((result) => answer({ id, result }))
    .catch((error: unknown) => answer({ id, error: String(error) }));
});
process.on('disconnect', () => process.exit());
answer({ id: 0 });
