/** The comparison itself, inside its network namespace. Prints one JSON object, the results. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loopbackAddresses } from '../support/addresses.js';
import { cpuMs, sleep } from '../support/daemon.js';
import { installCounters, packets, requests } from './counters.js';
import { bareLoop, blackboxExporter, fping, haproxy, nginx, vitald, type Load, type Start } from './programs.js';

export interface Comparison {
  readonly name: string;
  readonly target: number;
  readonly load: { readonly backends: number; readonly intervalMs: number };
  readonly ours: Start;
  readonly peer: Start;
  /** The peer's own load, where it cannot take ours. */
  readonly peerLoad?: { readonly backends: number; readonly intervalMs: number };
  readonly count: 'syn' | 'echo' | 'requests';
}

/** What came of one comparison: µs of CPU per check, a figure for each round. */
export interface Result {
  readonly name: string;
  readonly target: number;
  readonly ours: readonly number[];
  readonly peer: readonly number[];
  /** Checks per second that were really made, medians. */
  readonly rates: readonly [number, number];
}

const port = 18_080;

const comparisons: readonly Comparison[] = [
  {
    name: 'TCP: vitald SYN ÷ HAProxy check',
    target: 0.6,
    load: { backends: 2000, intervalMs: 200 },
    ours: vitald('tcp'),
    peer: haproxy('tcp'),
    count: 'syn',
  },
  {
    name: 'HTTP, kept connection: vitald ÷ HAProxy httpchk',
    target: 0.5,
    load: { backends: 1000, intervalMs: 200 },
    ours: vitald('http', { reuse: true }),
    peer: haproxy('http'),
    count: 'requests',
  },
  {
    name: 'HTTP, new connection: vitald ÷ HAProxy httpchk',
    target: 2.0,
    load: { backends: 1000, intervalMs: 200 },
    ours: vitald('http'),
    peer: haproxy('http'),
    count: 'requests',
  },
  {
    name: 'HTTP, new connection: vitald ÷ blackbox_exporter',
    target: 0.2,
    load: { backends: 1000, intervalMs: 1000 },
    ours: vitald('http'),
    peer: blackboxExporter,
    count: 'requests',
  },
  {
    name: 'ping: vitald ÷ fping',
    target: 0.5,
    load: { backends: 800, intervalMs: 1000 },
    ours: vitald('ping'),
    peer: fping,
    count: 'echo',
  },
  {
    name: 'whole daemon ÷ bare send-receive loop, SYN',
    target: 1.8,
    load: { backends: 2000, intervalMs: 200 },
    ours: vitald('tcp'),
    peer: bareLoop,
    count: 'syn',
  },
];

async function measure(start: Start, load: Load, count: Comparison['count'], seconds: number): Promise<{ us: number; perSecond: number }> {
  const folder = mkdtempSync(join(tmpdir(), 'vitald-peers-'));
  const checks = (): number | Promise<number> => (count === 'requests' ? requests(load.port) : packets(count));
  const running = start(folder, load);
  try {
    // Start-up, compilation and first probes are not what is measured.
    await sleep(3000);
    const cpuBefore = cpuMs(running.pid);
    const checksBefore = await checks();
    const startedAt = performance.now();
    await sleep(seconds * 1000);
    const made = (await checks()) - checksBefore;
    const cpu = cpuMs(running.pid) - cpuBefore;
    return { us: (cpu * 1000) / made, perSecond: (made * 1000) / (performance.now() - startedAt) };
  } finally {
    await running.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function compare(comparison: Comparison, rounds: number, seconds: number): Promise<Result> {
  const { load, peerLoad, count } = comparison;
  const full = ({ backends, intervalMs }: typeof load): Load => ({ addresses: loopbackAddresses(backends), port, intervalMs });
  const ours: number[] = [];
  const peer: number[] = [];
  const rates: [number[], number[]] = [[], []];
  for (let round = 0; round < rounds; round++) {
    const mine = await measure(comparison.ours, full(load), count, seconds);
    const theirs = await measure(comparison.peer, full(peerLoad ?? load), count, seconds);
    ours.push(mine.us);
    peer.push(theirs.us);
    rates[0].push(mine.perSecond);
    rates[1].push(theirs.perSecond);
    process.stderr.write(`${comparison.name}: round ${round + 1}: ${mine.us.toFixed(1)} / ${theirs.us.toFixed(1)} µs\n`);
  }
  return { name: comparison.name, target: comparison.target, ours, peer, rates: [median(rates[0]), median(rates[1])] };
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return sorted.length % 2 === 1 ? sorted[Math.floor(middle)]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

const [rounds, seconds, only] = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), 'vitald-nginx-'));
installCounters(port);
const backend = nginx(folder, port);
await sleep(500);
try {
  const results: Result[] = [];
  for (const comparison of comparisons) {
    if (only === undefined || comparison.name.includes(only)) results.push(await compare(comparison, Number(rounds), Number(seconds)));
  }
  process.stdout.write(JSON.stringify(results));
} finally {
  await backend.stop();
  rmSync(folder, { recursive: true, force: true });
}
