/** 100,000 backends: start, punctuality, cost of a check and memory, against few backends. */
import type { Bench } from '../bench.js';
import { installCounters, packets } from '../peers/counters.js';
import type { Finding } from '../report/measurement.js';
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
    const runs = { one: 1, few: backends / 100, sameRate: (backends * shortestIntervalMs) / intervalMs, many: backends };
    try {
      const one = await run(runs.one, intervalMs, seconds / 2);
      const few = await run(runs.few, intervalMs, seconds);
      const sameRate = await run(runs.sameRate, shortestIntervalMs, seconds);
      const many = await run(runs.many, intervalMs, seconds);
      return {
        kind: 'findings',
        load: `${backends} TCP backends, each probed every ${intervalMs / 1000} s, measured for ${seconds} s.`,
        findings: [
          ...punctuality(many),
          { name: 'processor time per check', value: many.usPerCheck, unit: 'µs' },
          ...costAgainst(`${runs.few} backends at the same interval`, few, many),
          ...costAgainst(`${runs.sameRate} backends at the same rate`, sameRate, many),
          ...memory(one, many, backends - 1),
        ],
      };
    } finally {
      backend.end();
    }
  },
};

const punctuality = ({ firstProbeMs, allProbedMs, checksPerSecond, window }: Measured): Finding[] => [
  { name: 'first probe after the start of the process', value: firstProbeMs / 1000, unit: 's', target: { atMost: 5 } },
  { name: 'every backend probed once', value: allProbedMs / 1000, unit: 's' },
  { name: 'checks per second', value: checksPerSecond, unit: '1/s' },
  startDelay(window, 15),
  falseTransitions(window.toUnhealthy),
  spoiltProbes(window),
];

const costAgainst = (others: string, fewer: Measured, many: Measured): Finding[] => [
  { name: `processor time per check of ${others}`, value: fewer.usPerCheck, unit: 'µs' },
  { name: `ratio to ${others}`, value: many.usPerCheck / fewer.usPerCheck, unit: '', target: { atMost: 1.2 } },
];

function memory(one: Measured, many: Measured, more: number): Finding[] {
  const perBackend = (manyKib: number, oneKib: number): number => (manyKib - oneKib) / more;
  return [
    { name: 'resident memory of a daemon with one backend', value: one.unscrapedKib / 1024, unit: 'MiB' },
    { name: 'resident memory', value: many.unscrapedKib / 1024, unit: 'MiB' },
    {
      name: 'resident memory for each further backend',
      value: perBackend(many.unscrapedKib, one.unscrapedKib),
      unit: 'KiB',
      target: { atMost: 1.5 },
    },
    { name: 'the same after metrics were scraped', value: perBackend(many.scrapedKib, one.scrapedKib), unit: 'KiB' },
  ];
}

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
