/**
 * Foreign traffic beside the daemon: raw TCP sockets are handed every segment of the host, unless the kernel's filter
 * keeps them away. What the engine's thread pays is compared with and without, in turns.
 */
import { fork } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Bench } from '../bench.js';
import { loopbackAddresses } from '../support/addresses.js';
import { withHealthyDaemon, type RunningDaemon } from '../support/daemon.js';
import { windowBetween } from '../support/metrics.js';
import { sleep, threadCpuMs } from '../support/process.js';
import { median } from '../support/statistics.js';
import { falseTransitions, spoiltProbes } from './findings.js';

const packetsPerSecond = 200_000;

export const stormBench: Bench = {
  name: 'storm',
  group: 'scale',
  title: 'A storm of foreign traffic',
  measure({ seconds = 6, rounds = 4, backends = 2000 }) {
    return withHealthyDaemon({ backends: loopbackAddresses(backends), intervalMs: 1000 }, async (daemon) => {
      const before = await daemon.metrics();
      const calm: Share[] = [];
      const storm: Share[] = [];
      for (let round = 0; round < rounds; round++) {
        calm.push(await engineShare(daemon, seconds));
        storm.push(await duringStorm(() => engineShare(daemon, seconds)));
      }
      const window = windowBetween(before, await daemon.metrics());
      const percent = (shares: readonly Share[]): number => median(shares.map(({ cpuPercent }) => cpuPercent));
      return {
        kind: 'findings',
        load: `${backends} TCP backends, probed once a second; SYNs to a closed port and the RSTs that answer them, over loopback; medians of ${rounds} rounds of ${seconds} s with and without.`,
        findings: [
          {
            name: 'TCP segments received by the host',
            value: median(storm.map(({ segmentsPerSecond }) => segmentsPerSecond)),
            unit: '1/s',
            target: { atLeast: packetsPerSecond },
          },
          { name: "engine's thread without the storm", value: percent(calm), unit: '% of a core' },
          { name: "engine's thread in the storm", value: percent(storm), unit: '% of a core' },
          { name: 'what the storm costs the engine', value: percent(storm) - percent(calm), unit: '% of a core', target: { atMost: 2 } },
          falseTransitions(window.toUnhealthy),
          spoiltProbes(window),
        ],
      };
    });
  },
};

interface Share {
  readonly cpuPercent: number;
  readonly segmentsPerSecond: number;
}

async function engineShare(daemon: RunningDaemon, seconds: number): Promise<Share> {
  const startedAt = performance.now();
  const cpuBefore = threadCpuMs(daemon.pid, daemon.pid);
  const segmentsBefore = segmentsReceived();
  await sleep(seconds * 1000);
  const tookMs = performance.now() - startedAt;
  return {
    cpuPercent: ((threadCpuMs(daemon.pid, daemon.pid) - cpuBefore) * 100) / tookMs,
    segmentsPerSecond: ((segmentsReceived() - segmentsBefore) * 1000) / tookMs,
  };
}

/** Runs `measure` once the storm blows. */
async function duringStorm<T>(measure: () => Promise<T>): Promise<T> {
  const generator = fork(fileURLToPath(new URL('./storm-generator.js', import.meta.url)), [String(packetsPerSecond)]);
  try {
    await sleep(1000);
    return await measure();
  } finally {
    generator.kill();
  }
}

/** TCP segments that this namespace has received (RFC 4022, tcpInSegs). */
function segmentsReceived(): number {
  const [names, values] = readFileSync('/proc/net/snmp', 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('Tcp:'))
    .map((line) => line.split(' '));
  return Number(values![names!.indexOf('InSegs')]);
}
