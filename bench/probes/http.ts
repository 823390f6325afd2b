/**
 * The http probe: processor time of a whole probe, and of its parts.
 *
 * The backend is another process, so that only the checker's own CPU is counted (user + system, whole process).
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { httpKind } from '#vitald/probes/http/kind.js';
import { ResponseParser } from '#vitald/probes/http/response-parser.js';
import { requestFor } from '#vitald/probes/http/request.js';
import { withDefaults } from '#vitald/probes/http/options.js';
import type { Probe, Target } from '#vitald/probes/probe.js';
import { unchangingNetwork } from '#vitald/network/unchanging-network.js';
import { oneShotErrors } from '#vitald/probes/one-shot.js';
import type { Finding } from '../report/measurement.js';
import { timeFinding, timing } from '../support/timing.js';

const response = [
  'HTTP/1.1 200 OK',
  'Server: nginx/1.22.1',
  'Date: Mon, 01 Jan 2024 00:00:00 GMT',
  'Content-Type: text/html',
  'Content-Length: 615',
  'Last-Modified: Mon, 01 Jan 2024 00:00:00 GMT',
];
const closing = Buffer.from([...response, 'Connection: close', '', ''].join('\r\n'));
const staying = Buffer.from([...response, 'Connection: keep-alive', '', ''].join('\r\n'));

/** Probes in flight at a time. */
const width = 64;
const warmUpProbes = 2000;
const probes = 20_000;
const pureRounds = 100_000;

export async function httpBench(): Promise<Finding[]> {
  const backend = fork(fileURLToPath(import.meta.url), ['serve-as-backend']);
  const [port] = (await once(backend, 'message')) as [number];
  const probe = httpKind.create({
    now: () => performance.now(),
    heldUpMs: () => 0,
    network: unchangingNetwork,
    icmp: oneShotErrors(),
    arm: () => undefined,
    disarm: () => undefined,
  });
  try {
    return [
      await measure('http: HEAD over a new connection, processor time', probe, port, {}),
      await measure('http: HEAD over a kept connection, processor time', probe, port, { reuse: true }),
      ...pureParts(),
    ];
  } finally {
    probe.close();
    backend.kill();
  }
}

function pureParts(): Finding[] {
  const parser = new ResponseParser();
  const request = requestFor('http', withDefaults({}));
  return [
    timing('http: parse a header', pureRounds, () => {
      for (let i = 0; i < pureRounds; i++) {
        parser.reset();
        parser.push(closing, 0, closing.length);
      }
    }),
    timing('http: join a request', pureRounds, () => {
      for (let i = 0; i < pureRounds; i++) request({ address: '127.0.0.1', family: 4, port: 8080 });
    }),
  ];
}

async function measure(name: string, probe: Probe, port: number, options: Record<string, unknown>): Promise<Finding> {
  const compiled = probe.compile({ timeoutMs: 5000, source: undefined, interface: undefined, options });
  const targets = Array.from({ length: width }, (_, slot): Target => ({ slot, address: '127.0.0.1', family: 4, port, compiled }));
  await run(probe, targets, warmUpProbes);
  const before = process.cpuUsage();
  await run(probe, targets, probes);
  const { user, system } = process.cpuUsage(before);
  for (const target of targets) probe.cancel(target);
  return timeFinding(name, ((user + system) * 1000) / probes);
}

function run(probe: Probe, targets: readonly Target[], count: number): Promise<void> {
  return new Promise((resolve, reject) => {
    let started = 0;
    let ended = 0;
    const start = (target: Target): void => {
      started++;
      probe.start(target, performance.now() + 5000, (_target, reason, _rtt, detail) => {
        if (reason !== 'ok') reject(new Error(`${reason}: ${detail}`));
        if (++ended === count) resolve();
        else if (started < count) start(target);
      });
    };
    targets.forEach(start);
  });
}

function serve(): void {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', (bytes) => (bytes.includes('keep-alive') ? socket.write(staying) : socket.end(closing)));
  });
  server.listen(0, '127.0.0.1', 4096, () => process.send!((server.address() as AddressInfo).port));
}

if (process.argv[2] === 'serve-as-backend') serve();
