/** One comparison: both programs on the same targets at the same rate for the same time, in turns. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ComparisonResult, Round, Side } from '../report/measurement.js';
import { loopbackAddresses } from '../support/addresses.js';
import { cpuMs, sleep } from '../support/process.js';
import type { Comparison } from './comparisons.js';
import { packets, requests } from './counters.js';
import type { Load, Start } from './programs.js';

export interface CompareOptions {
  readonly port: number;
  readonly rounds: number;
  readonly seconds: number;
  /** After the start: compilation and first probes are not what is measured. */
  readonly warmUpSeconds: number;
}

export async function compare(comparison: Comparison, { port, rounds, ...time }: CompareOptions): Promise<ComparisonResult> {
  const { name, target, count } = comparison;
  const { backends, intervalMs } = comparison.load;
  const load: Load = { addresses: loopbackAddresses(backends), port, intervalMs };
  const done: Round[] = [];
  for (let round = 0; round < rounds; round++) {
    const ours = await measure(comparison.ours, load, count, time);
    const peer = await measure(comparison.peer, load, count, time);
    done.push({ ours, peer });
    console.error(`${name}: round ${round + 1}: ${ours.usPerCheck.toFixed(1)} / ${peer.usPerCheck.toFixed(1)} µs`);
  }
  return { name, ...(target !== undefined && { target }), backends, loadPerSecond: (backends * 1000) / intervalMs, rounds: done };
}

async function measure(
  start: Start,
  load: Load,
  count: Comparison['count'],
  { seconds, warmUpSeconds }: Pick<CompareOptions, 'seconds' | 'warmUpSeconds'>,
): Promise<Side> {
  const folder = mkdtempSync(join(tmpdir(), 'vitald-peers-'));
  const checks = (): number | Promise<number> => (count === 'requests' ? requests(load.port) : packets(count));
  const running = start(folder, load);
  try {
    await running.ready;
    await sleep(warmUpSeconds * 1000);
    const cpuBefore = cpuMs(running.pid);
    const checksBefore = await checks();
    const startedAt = performance.now();
    await sleep(seconds * 1000);
    const made = (await checks()) - checksBefore;
    const tookMs = performance.now() - startedAt;
    const cpu = cpuMs(running.pid) - cpuBefore;
    return { usPerCheck: made === 0 ? 0 : (cpu * 1000) / made, perSecond: (made * 1000) / tookMs };
  } finally {
    await running.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}
