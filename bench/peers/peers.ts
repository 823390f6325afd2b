/**
 * vitald against the field, on the same targets at the same rate, one after the other, several rounds interleaved.
 *
 * Needs Debian's packages haproxy, prometheus-blackbox-exporter, fping, nginx-light, nftables and iproute2.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Bench } from '../bench.js';
import type { ComparisonResult } from '../report/measurement.js';
import { sleep } from '../support/process.js';
import { compare, type CompareOptions } from './compare.js';
import { comparisons, type Comparison } from './comparisons.js';
import { installCounters } from './counters.js';
import { nginx } from './programs.js';

const port = 18_080;

export const peersBench: Bench = {
  name: 'peers',
  group: 'peers',
  title: 'Processor time per check, against other programs',
  async measure({ rounds = 5, seconds = 8, only = '', short = false }) {
    const exact = comparisons.filter(({ name }) => name === only);
    const named = exact.length > 0 ? exact : comparisons.filter(({ name }) => name.includes(only));
    const chosen = short ? named.filter(({ shortLimit }) => shortLimit !== undefined) : named;
    return { kind: 'comparisons', comparisons: await compareAll(chosen, { rounds, seconds, warmUpSeconds: short ? 2 : 3 }) };
  },
};

/** Runs comparisons against one common backend. */
export async function compareAll(chosen: readonly Comparison[], options: Omit<CompareOptions, 'port'>): Promise<ComparisonResult[]> {
  const folder = mkdtempSync(join(tmpdir(), 'vitald-nginx-'));
  installCounters(port);
  const backend = nginx(folder, port);
  await sleep(500);
  try {
    const results: ComparisonResult[] = [];
    for (const comparison of chosen) results.push(await compare(comparison, { ...options, port }));
    return results;
  } finally {
    await backend.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}
