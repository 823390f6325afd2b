import type { Socket } from 'node:net';
import t from 'tap';
import { PlainTransports } from '#vitald/probes/http/plain-transport.js';
import type { Transport, TransportUser } from '#vitald/probes/http/transport.js';
import { deviceProblem, type StreamOptions } from '#vitald/probes/stream-socket.js';
import { closedTcpPort, tcpServer } from '../../support/loopback.js';
import { until } from '../../support/real-context.js';

/** Writes down what it is told. */
class Listener implements TransportUser {
  readonly told: string[] = [];

  onConnect(): void {
    this.told.push('connect');
  }
  onReady(): void {
    this.told.push('ready');
  }
  onBytes(chunk: Uint8Array, length: number): void {
    this.told.push(Buffer.from(chunk.subarray(0, length)).toString());
  }
  onEnd(): void {
    this.told.push('end');
  }
  onError(error: NodeJS.ErrnoException): void {
    this.told.push(String(error.code));
  }
  onFlood(): void {
    this.told.push('flood');
  }
}

function to(port: number, device?: string): StreamOptions {
  return { address: '127.0.0.1', family: 4, port, source: undefined, device };
}

const greeting = ['connect', 'ready', 'hello', 'end'];
const greets = (stream: Socket): void => void stream.end('hello');

/** One connection from the first to the last word of the backend. */
async function conversation(transports: PlainTransports, options: StreamOptions): Promise<{ transport: Transport; told: string[] }> {
  const user = new Listener();
  const transport = transports.open(options, user);
  await until(() => user.told.includes('end'));
  return { transport, told: user.told };
}

/** Until the transport is spare again, or would be: sockets close in the turn that follows. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));

t.test('a socket that ended in order serves the next connection, as new', async (t) => {
  const server = await tcpServer('127.0.0.1', greets);
  t.teardown(() => server.close());
  const transports = new PlainTransports();
  const first = await conversation(transports, to(server.port));
  first.transport.finish();
  await turn();
  for (let i = 0; i < 20; i++) {
    const next = await conversation(transports, to(server.port));
    t.same(next.told, greeting);
    t.equal(next.transport, first.transport);
    next.transport.finish();
    await turn();
  }
  t.same(first.told, greeting, 'who used it before is told nothing of it');
});

t.test('a socket that is still closing is left alone', async (t) => {
  const server = await tcpServer('127.0.0.1', greets);
  t.teardown(() => server.close());
  const transports = new PlainTransports();
  const first = await conversation(transports, to(server.port));
  first.transport.finish();
  const next = await conversation(transports, to(server.port));
  t.not(next.transport, first.transport);
  t.same(next.told, greeting);
  next.transport.finish();
});

t.test('a socket that was reset is not used again', async (t) => {
  const server = await tcpServer('127.0.0.1', greets);
  t.teardown(() => server.close());
  const transports = new PlainTransports();
  const first = await conversation(transports, to(server.port));
  first.transport.reset();
  await turn();
  const next = await conversation(transports, to(server.port));
  t.not(next.transport, first.transport);
  next.transport.finish();
});

t.test('a spare socket that is refused says so, and is not used again', async (t) => {
  const server = await tcpServer('127.0.0.1', greets);
  t.teardown(() => server.close());
  const port = await closedTcpPort('127.0.0.1');
  const transports = new PlainTransports();
  const first = await conversation(transports, to(server.port));
  first.transport.finish();
  await turn();
  const refused = new Listener();
  const transport = transports.open(to(port), refused);
  t.equal(transport, first.transport);
  await until(() => refused.told.length > 0);
  t.same(refused.told, ['ECONNREFUSED']);
  transport.reset();
  await turn();
  const next = await conversation(transports, to(server.port));
  t.not(next.transport, transport);
  t.same(next.told, greeting);
  next.transport.finish();
});

t.test('a socket that is bound to an interface serves one connection only', { skip: deviceProblem('lo') ?? false }, async (t) => {
  const server = await tcpServer('127.0.0.1', greets);
  t.teardown(() => server.close());
  const transports = new PlainTransports();
  const bound = await conversation(transports, to(server.port, 'lo'));
  t.same(bound.told, greeting);
  bound.transport.finish();
  await turn();
  const free = await conversation(transports, to(server.port));
  t.not(free.transport, bound.transport);
  free.transport.finish();
  await turn();
  const boundAgain = await conversation(transports, to(server.port, 'lo'));
  t.not(boundAgain.transport, free.transport, 'a spare socket is not bound to it');
  boundAgain.transport.finish();
});
