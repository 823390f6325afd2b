/**
 * Backends that mean harm, on real sockets of loopback: for TCP, HTTP, HTTPS and UDP checks. Every probe ends by its
 * deadline, once, with a reason, and leaves no descriptor behind.
 */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import fc, { type Arbitrary } from 'fast-check';
import { reasons } from '#vitald/health/reasons.js';
import { probeKinds } from '#vitald/probes/registry.js';
import { selfSigned } from '../certificates.js';
import { eventually } from '../eventually.js';
import { Bench, type Ended } from '../real-context.js';
import { Stopwatch } from '../stopwatch.js';
import { attack, must, type Attack } from './attack.js';
import { anyBytes, damagedSamples, latin1, piecesOf } from './bytes.js';
import { responseBytes } from './http.js';

interface Step {
  readonly bytes: Buffer;
  /** Byte by byte, each in a packet of its own as far as the kernel lets it. */
  readonly isDripped: boolean;
  readonly pauseMs: number;
}

interface Script {
  readonly kind: 'tcp' | 'http' | 'https' | 'tls' | 'udp';
  readonly waitsForRequest: boolean;
  readonly steps: readonly Step[];
  /** `flood`: the last bytes again and again, as fast as they are read. */
  readonly ends: 'close' | 'reset' | 'stay' | 'flood';
}

/** TLS records: handshake, alert, change of cipher, data; of lengths that are right and wrong. */
const records = [
  '\x16\x03\x03\x00\x05\x02\x00\x00\x01\x00',
  '\x16\x03\x03\xff\xff',
  '\x16\x03\x01\x00\x00',
  '\x15\x03\x03\x00\x02\x02\x28',
  '\x15\x03\x03\x00\x02\x01\x00',
  '\x14\x03\x03\x00\x01\x01',
  '\x17\x03\x03\x00\x10aaaaaaaaaaaaaaaa',
  '\x17\x03\x03\x40\x00',
  '\x00',
  '\x80\x2e\x01\x00\x02',
];

const bytes: Arbitrary<Buffer> = fc.oneof(
  { weight: 4, arbitrary: responseBytes },
  { weight: 2, arbitrary: piecesOf(records, 6) },
  { weight: 1, arbitrary: damagedSamples(records.map(latin1)) },
  { weight: 1, arbitrary: anyBytes(200) },
  {
    weight: 1,
    arbitrary: fc.constantFrom('X: y\r\n', 'HTTP/1.1 100 Continue\r\n\r\n', '\0', 'a').map((piece) => latin1(piece.repeat(3000))),
  },
);

const script: Arbitrary<Script> = fc.record({
  kind: fc.constantFrom('tcp', 'http', 'https', 'tls', 'udp'),
  waitsForRequest: fc.boolean(),
  steps: fc.array(fc.record({ bytes, isDripped: fc.boolean(), pauseMs: fc.constantFrom(0, 0, 1, 20, 60) }), { maxLength: 4 }),
  ends: fc.constantFrom('close', 'reset', 'stay', 'flood'),
});

const after = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Dripping more than this would only take time. */
const mostDripped = 300;

async function play(socket: Socket, { waitsForRequest, steps, ends }: Script): Promise<void> {
  if (waitsForRequest) await Promise.race([once(socket, 'data').catch(() => undefined), once(socket, 'close').catch(() => undefined)]);
  for (const { bytes, isDripped, pauseMs } of steps) {
    if (socket.destroyed) return;
    if (isDripped) {
      for (const byte of bytes.subarray(0, mostDripped)) {
        socket.write(Buffer.from([byte]));
        await new Promise((resolve) => setImmediate(resolve));
      }
    } else socket.write(bytes);
    if (pauseMs > 0) await after(pauseMs);
  }
  if (socket.destroyed) return;
  if (ends === 'close') socket.end();
  else if (ends === 'reset') ((socket as { _parent?: Socket })._parent ?? socket).resetAndDestroy();
  else if (ends === 'flood') flood(socket, steps.at(-1)?.bytes ?? Buffer.from('x'));
}

function flood(socket: Socket, bytes: Buffer): void {
  const piece = bytes.length === 0 ? Buffer.from('x') : bytes;
  const more = (): void => {
    // A turn of the event loop each: probe and server are in one process here.
    for (let written = 0; written < 50 && !socket.destroyed && socket.writable; written++) if (!socket.write(piece)) return;
    if (!socket.destroyed && socket.writable) setImmediate(more);
  };
  socket.on('drain', more);
  more();
}

/** All scripts that are being played at a time, by port. */
interface Peer {
  readonly port: number;
  close(): Promise<void>;
}

async function tcpPeer(script: Script, identity: ReturnType<typeof selfSigned>): Promise<Peer> {
  const open = new Set<Socket>();
  const onSocket = (socket: Socket): void => {
    socket.setNoDelay(true);
    socket.on('error', () => undefined);
    socket.resume();
    void play(socket, script);
  };
  const server: Server = script.kind === 'tls' ? createTlsServer(identity, onSocket) : createServer({ allowHalfOpen: true }, onSocket);
  server.on('connection', (socket: Socket) => {
    open.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => open.delete(socket));
  });
  server.on('tlsClientError', () => undefined);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      for (const socket of open) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

async function udpPeer({ steps }: Script): Promise<Peer> {
  const socket = createSocket('udp4');
  socket.on('error', () => undefined);
  socket.on('message', (_message, { port, address }) => {
    for (const { bytes } of steps) socket.send(bytes, port, address, () => undefined);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return { port: socket.address().port, close: () => new Promise((resolve) => void socket.close(() => resolve())) };
}

const timeoutMs = 120;
/** The event loop that both sides share may be busy. */
const slackMs = 400;

const settings: Readonly<Record<Script['kind'], Readonly<Record<string, unknown>>>> = {
  tcp: { tcp: { method: 'connect' } },
  http: { method: 'GET', reuse: true },
  https: {},
  tls: { method: 'GET', reuse: true },
  udp: { udp: { send: 'text:x', expect: 'hex:00' } },
};

/** Whether the script says anything that can be taken for a good answer. */
function mayPass({ kind, steps }: Script): boolean {
  const sent = Buffer.concat(steps.map(({ bytes }) => bytes));
  if (kind === 'tcp') return true;
  if (kind === 'udp') return steps.some(({ bytes }) => bytes[0] === 0);
  return kind !== 'https' && /HTTP\/1\.[0-9] +2/.test(sent.toString('latin1'));
}

function mustBeVerdict(script: Script, { reason, detail, tookMs }: Ended, limitMs: number): void {
  must(reasons.includes(reason), `the reason is ${reason}`);
  must(reason !== 'ok' || mayPass(script), 'a pass without a good answer');
  must(!/[\0-\x1f\x7f]/.test(detail) && detail.length <= 1000, () => `the detail is not a short line: ${JSON.stringify(detail)}`);
  must(tookMs <= limitMs, `${Math.round(tookMs)} ms, with a timeout of ${timeoutMs} ms`);
}

const descriptors = (): number => readdirSync('/proc/self/fd').length;
/** What the runtime itself may open meanwhile. */
const moreDescriptors = 10;

const kindOf = (kind: Script['kind']): string => (kind === 'tls' ? 'https' : kind);

const show = (scripts: readonly Script[]): string =>
  JSON.stringify(
    scripts.map(({ steps, ...rest }) => ({ ...rest, steps: steps.map((step) => ({ ...step, bytes: step.bytes.toString('latin1') })) })),
  );

const hostilePeers = attack({
  name: 'hostile-peers',
  holds: 'against peers that send anything, in any way, every probe ends once, by its deadline, with a reason and nothing left open',
  runs: { suite: 15, long: 1500 },
  // Some at a time: most of them take their whole timeout.
  inputs: fc.array(script, { minLength: 1, maxLength: 12 }),
  show,
  async begin() {
    const identity = selfSigned(['localhost']);
    const benches = new Map(probeKinds.map((kind) => [kind.name, new Bench(kind)]));
    const before = descriptors();
    const check = async (scripts: readonly Script[]): Promise<void> => {
      const watch = await Stopwatch.start();
      const ended = await Promise.all(scripts.map((script) => probeTwice(benches.get(kindOf(script.kind))!, script, identity)));
      const limitMs = watch.stop().scaled(2 * timeoutMs + slackMs);
      ended.forEach((both, index) => both.forEach((one) => mustBeVerdict(scripts[index]!, one, limitMs)));
      await eventually('all descriptors closed', () => descriptors() <= before + moreDescriptors);
    };
    return { check, end: () => benches.forEach((bench) => bench.close()) };
  },
});

/** The second probe meets a connection that the first one may have kept. */
async function probeTwice(bench: Bench, script: Script, identity: ReturnType<typeof selfSigned>): Promise<Ended[]> {
  const peer = script.kind === 'udp' ? await udpPeer(script) : await tcpPeer(script, identity);
  const target = bench.target({ address: '127.0.0.1', port: peer.port }, { timeoutMs, options: settings[script.kind] });
  const ended = [await bench.probeTarget(target, timeoutMs), await bench.probeTarget(target, timeoutMs)];
  must(bench.doneCount.get(target.slot) === 2, `two probes ended ${bench.doneCount.get(target.slot)} times`);
  bench.probe.cancel(target);
  await peer.close();
  return ended;
}

export const peerAttacks: readonly Attack[] = [hostilePeers];
