/** Demo backends over UDP. */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import type { Backend } from './backend.js';
import { demoAddress } from './ports.js';

/** Sends back what it gets. */
export async function startUdpAnswering(port: number): Promise<Backend> {
  const socket = await open(port);
  socket.on('message', (message, from) => {
    socket.send(message, from.port, from.address, () => undefined);
  });
  return { port: socket.address().port, describe: 'answers: UDP echo', close: () => close(socket) };
}

export async function startUdpSilent(port: number): Promise<Backend> {
  const socket = await open(port);
  return { port: socket.address().port, describe: 'is silent: UDP, takes datagrams and answers none', close: () => close(socket) };
}

/** A port that nobody has: it is tried once, so that no other program's port is shown as closed. */
export async function startUdpClosed(port: number): Promise<Backend> {
  const socket = await open(port);
  const closed = socket.address().port;
  await close(socket);
  return { port: closed, describe: 'is closed: UDP, port unreachable', close: () => Promise.resolve() };
}

async function open(port: number): Promise<Socket> {
  const socket = createSocket('udp4');
  socket.bind(port, demoAddress);
  await once(socket, 'listening');
  // ICMP errors about answers to a checker that has gone.
  socket.on('error', () => undefined);
  return socket;
}

function close(socket: Socket): Promise<void> {
  return new Promise((resolve) => void socket.close(() => resolve()));
}
