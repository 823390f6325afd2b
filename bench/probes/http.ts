/**
 * CPU of one http probe: `node build/bench/probes/http.js [PROBES]`.
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

function runBackend(): void {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', (bytes) => (bytes.includes('keep-alive') ? socket.write(staying) : socket.end(closing)));
  });
  server.listen(0, '127.0.0.1', 4096, () => process.send!((server.address() as AddressInfo).port));
}

function run(probe: Probe, targets: readonly Target[], probes: number): Promise<void> {
  return new Promise((resolve, reject) => {
    let started = 0;
    let ended = 0;
    const start = (target: Target): void => {
      started++;
      probe.start(target, performance.now() + 5000, (_target, reason, _rtt, detail) => {
        if (reason !== 'ok') reject(new Error(`${reason}: ${detail}`));
        if (++ended === probes) resolve();
        else if (started < probes) start(target);
      });
    };
    targets.forEach(start);
  });
}

async function measure(name: string, probe: Probe, port: number, options: Record<string, unknown>, probes: number): Promise<void> {
  const compiled = probe.compile({ timeoutMs: 5000, source: undefined, interface: undefined, options });
  const targets = Array.from({ length: width }, (_, slot): Target => ({ slot, address: '127.0.0.1', family: 4, port, compiled }));
  await run(probe, targets, 2000);
  const before = process.cpuUsage();
  await run(probe, targets, probes);
  const { user, system } = process.cpuUsage(before);
  for (const target of targets) probe.cancel(target);
  console.log(`${name.padEnd(40)} ${((user + system) / probes).toFixed(1)} µs (user ${(user / probes).toFixed(1)})`);
}

function measurePure(name: string, work: () => void): void {
  const rounds = 200_000;
  for (let i = 0; i < rounds; i++) work();
  const start = performance.now();
  for (let i = 0; i < rounds; i++) work();
  console.log(`${name.padEnd(40)} ${(((performance.now() - start) * 1000) / rounds).toFixed(2)} µs`);
}

async function main(): Promise<void> {
  const backend = fork(fileURLToPath(import.meta.url), ['backend']);
  const [port] = (await once(backend, 'message')) as [number];
  const probe = httpKind.create({ now: () => performance.now(), arm: () => undefined, disarm: () => undefined });
  const probes = Number(process.argv[2] ?? 20_000);
  try {
    await measure('HEAD, new connection', probe, port, {}, probes);
    await measure('HEAD, kept connection', probe, port, { reuse: true }, probes);
  } finally {
    probe.close();
    backend.kill();
  }
  const parser = new ResponseParser();
  measurePure('parse a header', () => {
    parser.reset();
    parser.push(closing, 0, closing.length);
  });
  const request = requestFor('http', withDefaults({}));
  measurePure('join a request', () => void request({ address: '127.0.0.1', family: 4, port: 8080 }));
}

if (process.argv[2] === 'backend') runBackend();
else await main();
