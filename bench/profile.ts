/** Where the engine's thread spends its time: V8's sampling profiler beside 2,000 TCP backends at 200 ms. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Bench } from './bench.js';
import { installCounters, packets } from './peers/counters.js';
import type { Measurement, ProfileItem } from './report/measurement.js';
import { loopbackAddresses } from './support/addresses.js';
import { backendPort, startBackend } from './support/backend.js';
import { startDaemon } from './support/daemon.js';
import { sleep } from './support/process.js';

/** Start-up and compilation: not what is asked. */
const warmUpMs = 3000;
const largestItems = 5;

export const profileBench: Bench = {
  name: 'profile',
  group: 'profile',
  title: "Profile of the engine's thread",
  async measure({ seconds = 15, backends = 2000 }) {
    installCounters(backendPort);
    const folder = mkdtempSync(join(tmpdir(), 'vitald-profile-'));
    const backend = await startBackend();
    try {
      const daemon = await startDaemon({ backends: loopbackAddresses(backends), intervalMs: 200 }, [
        '--cpu-prof',
        // Turns are some milliseconds apart: by the default of 1 ms some of them are seen too often, and others never.
        '--cpu-prof-interval=200',
        `--cpu-prof-dir=${folder}`,
      ]);
      await sleep(warmUpMs);
      const before = packets('syn');
      const startedAt = performance.now();
      await sleep(seconds * 1000);
      const perSecond = ((packets('syn') - before) * 1000) / (performance.now() - startedAt);
      await daemon.stop();
      return profileOf(readFileSync(join(folder, mainThreadProfile(readdirSync(folder))), 'utf8'), perSecond);
    } finally {
      backend.end();
      rmSync(folder, { recursive: true });
    }
  },
};

/** CPU.DATE.TIME.PID.THREAD.NUMBER.cpuprofile; the main thread is thread 0. */
function mainThreadProfile(files: readonly string[]): string {
  return files.find((name) => name.split('.')[4] === '0')!;
}

/** What is needed of a profile; times are µs. Source: Chrome DevTools protocol, Profiler.Profile. */
interface CpuProfile {
  readonly nodes: readonly { readonly id: number; readonly callFrame: { readonly functionName: string; readonly url: string } }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

/**
 * @param text a `.cpuprofile` of the main thread
 * @param probesPerSecond what the daemon did meanwhile
 */
export function profileOf(text: string, probesPerSecond: number): Measurement {
  const { nodes, samples, timeDeltas } = JSON.parse(text) as CpuProfile;
  const keys = new Map(
    nodes.map(({ id, callFrame }) => [id, { name: callFrame.functionName || '(anonymous)', file: fileOf(callFrame.url) }]),
  );
  const selfUs = new Map<string, number>();
  let elapsedUs = 0;
  let measuredUs = 0;
  let busyUs = 0;
  samples.forEach((sample, place) => {
    const us = timeDeltas[place]!;
    elapsedUs += us;
    if (elapsedUs < warmUpMs * 1000) return;
    measuredUs += us;
    const { name, file } = keys.get(sample)!;
    if (name === '(idle)') return;
    busyUs += us;
    const key = JSON.stringify([name, file]);
    selfUs.set(key, (selfUs.get(key) ?? 0) + us);
  });
  const probes = (probesPerSecond * measuredUs) / 1e6;
  const items = [...selfUs].map(([key, us]): ProfileItem => {
    const [name, file] = JSON.parse(key) as [string, string];
    return { name, file, usPerProbe: us / probes };
  });
  items.sort((a, b) => b.usPerProbe - a.usPerProbe);
  return { kind: 'profile', probesPerSecond, busyUsPerProbe: busyUs / probes, items: items.slice(0, largestItems) };
}

/** The source of a compiled file, as a path in the repository. */
function fileOf(url: string): string {
  return url.replace(/^.*\/node_modules\//, '').replace(/^file:.*\/dist\/(.*)\.js$/, 'src/$1.ts');
}
