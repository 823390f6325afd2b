import { createSocket, type Socket } from 'node:dgram';
/** What the contract tests need to know of a kind: backends for it, good and bad. A new kind adds one entry. */
import { selfSigned } from '../support/certificates.js';
import { closedTcpPort } from '../support/loopback.js';
import { misbehaviours, ok } from '../support/servers/behaviours.js';
import { serve, type Behaviour, type LoopbackServer, type ServeOptions } from '../support/servers/server.js';

/** A backend on loopback. */
export interface Backend {
  readonly address: string;
  readonly port: number;
  /** Connections that are open now; a backend without connections leaves it out. */
  readonly open?: number;
  close(): Promise<void>;
}

export interface ContractSubject {
  /** The kind's options; the defaults where left out. */
  readonly options: Readonly<Record<string, unknown>>;
  /** A backend that passes. */
  healthy(): Promise<Backend>;
  /** A backend that keeps the probe waiting until its deadline; undefined for a kind that cannot be kept waiting. */
  readonly hanging: (() => Promise<Backend>) | undefined;
  /** Everything that this kind can be met with, by name. */
  readonly misbehaving: Readonly<Record<string, () => Promise<Backend>>>;
}

const all = (more: ServeOptions = {}): Record<string, () => Promise<LoopbackServer>> =>
  Object.fromEntries(
    Object.entries(misbehaviours as Record<string, Behaviour>).map(([name, behaviour]) => [name, () => serve(behaviour, more)]),
  );

/** For kinds that connect by TCP; the behaviours speak HTTP, or nothing, or rubbish. */
export const overTcp = (options: Readonly<Record<string, unknown>> = {}): ContractSubject => ({
  options,
  healthy: () => serve(ok),
  hanging: () => serve(misbehaviours['silent after accept']),
  misbehaving: all(),
});

/** For kinds that speak TLS: each behaviour inside of TLS, and in place of it. */
export const overTls = (options: Readonly<Record<string, unknown>> = {}): ContractSubject => {
  const identity = selfSigned(['app.example']);
  const inside = Object.entries(all({ identity })).map(([name, make]) => [`${name}, inside of TLS`, make] as const);
  return { ...overTcp(options), healthy: () => serve(ok, { identity }), misbehaving: { ...all(), ...Object.fromEntries(inside) } };
};

/** A port where nothing listens. */
async function closedPort(): Promise<Backend> {
  return { address: '127.0.0.1', port: await closedTcpPort('127.0.0.1'), close: async () => undefined };
}

/** For the two ways of TCP, which know no answer but the connection itself. */
const justTcp = (method: string): ContractSubject => ({
  ...overTcp({ tcp: { method } }),
  hanging: undefined,
  misbehaving: { ...all(), 'nothing listens': closedPort },
});

const loopback = async (): Promise<Backend> => ({ address: '127.0.0.1', port: 0, close: async () => undefined });

/** A UDP service that does this with each datagram. */
function udpService(answer: (socket: Socket, port: number) => void): () => Promise<Backend> {
  return async () => {
    const socket = createSocket('udp4');
    socket.on('message', (_bytes, { port }) => answer(socket, port));
    await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
    return {
      address: '127.0.0.1',
      port: socket.address().port,
      close: () => new Promise((resolve) => socket.close(() => resolve())),
    };
  };
}

const pong = udpService((socket, port) => socket.send('pong', port, '127.0.0.1'));
const silent = udpService(() => undefined);

const overUdp = (options: Readonly<Record<string, unknown>>): ContractSubject => ({
  options,
  healthy: pong,
  hanging: silent,
  misbehaving: {
    'nothing listens': closedPort,
    silent,
    'answers rubbish': udpService((socket, port) => socket.send(Buffer.from([0, 255, 10, 13, 27]), port, '127.0.0.1')),
    'answers with nothing': udpService((socket, port) => socket.send('', port, '127.0.0.1')),
    'answers a hundred times': udpService((socket, port) => {
      for (let i = 0; i < 100; i++) socket.send('pong', port, '127.0.0.1');
    }),
    'answers with 60 KB': udpService((socket, port) => socket.send(Buffer.alloc(60_000, 65), port, '127.0.0.1')),
  },
});

/** Raw sockets are root's; without them these kinds have other tests (test/probes/tcp, test/e2e). */
const isRoot = process.getuid?.() === 0;

/** By the name of the kind. */
export const subjects: Readonly<Record<string, readonly ContractSubject[]>> = {
  tcp: [justTcp('connect'), ...(isRoot ? [justTcp('syn')] : [])],
  ping: isRoot ? [{ options: {}, healthy: loopback, hanging: undefined, misbehaving: { loopback } }] : [],
  udp: [
    overUdp({ udp: {} }),
    overUdp({ udp: { send: 'text:ping', expect: 'text:pong' } }),
    ...(isRoot ? [overUdp({ udp: { ping_first: true, expect: 'text:pong' } })] : []),
  ],
  http: [overTcp({ method: 'GET' }), overTcp({ method: 'GET', reuse: true })],
  https: [overTls({ method: 'GET' }), overTls({ method: 'GET', reuse: true })],
};
