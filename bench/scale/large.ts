/** 100,000 backends: start, punctuality, cost of a check and memory, against few backends. */
import type { Bench } from '../benches.js';
import { installCounters, packets } from '../peers/counters.js';
import { loopbackAddresses } from '../support/addresses.js';
import { backendPort, startBackend } from '../support/backend.js';
import { spawnDaemon, untilState, type RunningDaemon } from '../support/daemon.js';
import { windowBetween, type Window } from '../support/metrics.js';
import { cpuMs, residentKib, sleep } from '../support/process.js';
import { falseTransitions, spoiltProbes, startDelay } from './findings.js';

interface Measured {
  readonly firstProbeMs: number;
  readonly allProbedMs: number;
  readonly usPerCheck: number;
  readonly checksPerSecond: number;
  readonly unscrapedKib: number;
  readonly scrapedKib: number;
  readonly window: Window;
}

const settleMs = 10_000;
/** The shortest interval of the native profile: with it, few backends make as many probes a second as many do. */
const shortestIntervalMs = 100;

export const largeBench: Bench = {
  name: 'large',
  group: 'scale',
  title: '100,000 backends',
  async measure({ seconds = 30, backends = 100_000, intervalMs = 5000 }) {
    installCounters(backendPort);
    const backend = await startBackend();
    try {
      const one = await run(1, intervalMs, seconds / 2);
      const few = await run(backends / 100, intervalMs, seconds);
      const equalRate = await run((backends * shortestIntervalMs) / intervalMs, shortestIntervalMs, seconds);
      const many = await run(backends, intervalMs, seconds);
      const perBackend = (kib: number, emptyKib: number): number => (kib - emptyKib) / (backends - 1);
      return {
        kind: 'findings',
        load: `${backends} TCP backends, each probed every ${intervalMs / 1000} s, measured for ${seconds} s.`,
        findings: [
          { name: 'first probe after the start of the process', value: many.firstProbeMs / 1000, unit: 's', target: { atMost: 5 } },
          { name: 'every backend probed once', value: many.allProbedMs / 1000, unit: 's' },
          startDelay(many.window, 15),
          falseTransitions(many.window.toUnhealthy),
          spoiltProbes(many.window),
          { name: 'checks per second', value: many.checksPerSecond, unit: '1/s' },
          { name: 'processor time per check', value: many.usPerCheck, unit: 'µs' },
          { name: `processor time per check, ${backends / 100} backends at the same interval`, value: few.usPerCheck, unit: 'µs' },
          {
            name: `ratio to ${backends / 100} backends at the same interval`,
            value: many.usPerCheck / few.usPerCheck,
            unit: '',
            target: { atMost: 1.2 },
          },
          {
            name: `processor time per check, ${(backends * shortestIntervalMs) / intervalMs} backends at the same rate`,
            value: equalRate.usPerCheck,
            unit: 'µs',
          },
          {
            name: `ratio to ${(backends * shortestIntervalMs) / intervalMs} backends at the same rate`,
            value: many.usPerCheck / equalRate.usPerCheck,
            unit: '',
            target: { atMost: 1.2 },
          },
          { name: 'resident memory of a daemon with one backend', value: one.unscrapedKib / 1024, unit: 'MiB' },
          { name: 'resident memory', value: many.unscrapedKib / 1024, unit: 'MiB' },
          {
            name: 'resident memory for each further backend',
            value: perBackend(many.unscrapedKib, one.unscrapedKib),
            unit: 'KiB',
            target: { atMost: 1.5 },
          },
          { name: 'the same after metrics were scraped', value: perBackend(many.scrapedKib, one.scrapedKib), unit: 'KiB' },
        ],
      };
    } finally {
      backend.end();
    }
  },
};

/** Memory is read before the first scrape, and again after two of them. */
async function run(backends: number, interval: number, seconds: number): Promise<Measured> {
  console.error(`${backends} backends at ${interval} ms`);
  const startedAt = performance.now();
  const probedBefore = packets('syn');
  const daemon = spawnDaemon({ backends: loopbackAddresses(backends), intervalMs: interval });
  try {
    while (packets('syn') === probedBefore) await sleep(20);
    const firstProbeMs = performance.now() - startedAt;
    await daemon.serving;
    await untilState(daemon, 'healthy', backends);
    const allProbedMs = performance.now() - startedAt;
    // Until the memory that the start took is given back.
    await sleep(settleMs);
    return { firstProbeMs, allProbedMs, ...(await steady(daemon, seconds)) };
  } finally {
    await daemon.stop();
  }
}

async function steady(daemon: RunningDaemon, seconds: number): Promise<Omit<Measured, 'firstProbeMs' | 'allProbedMs'>> {
  const unscrapedKib = residentKib(daemon.pid);
  const before = await daemon.metrics();
  await sleep(1000);
  const startedAt = performance.now();
  const cpuBefore = cpuMs(daemon.pid);
  const checksBefore = packets('syn');
  await sleep(seconds * 1000);
  const cpu = cpuMs(daemon.pid) - cpuBefore;
  const checks = packets('syn') - checksBefore;
  const tookMs = performance.now() - startedAt;
  const window = windowBetween(before, await daemon.metrics());
  await sleep(2000);
  return {
    usPerCheck: (cpu * 1000) / checks,
    checksPerSecond: (checks * 1000) / tookMs,
    unscrapedKib,
    scrapedKib: residentKib(daemon.pid),
    window,
  };
}
