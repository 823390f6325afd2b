/** The machine is starved by two busy loops for each core: no backend may pay for that. */
import type { Bench } from '../bench.js';
import { loopbackAddresses } from '../support/addresses.js';
import { busyLoopCount, startBusyLoops } from '../support/busy-loops.js';
import { withHealthyDaemon } from '../support/daemon.js';
import { windowBetween } from '../support/metrics.js';
import { sleep } from '../support/process.js';
import { falseTransitions, spoiltProbes } from './findings.js';

export const starvedBench: Bench = {
  name: 'starved',
  group: 'scale',
  title: 'A machine that is starved',
  measure({ seconds = 20, backends = 10_000 }) {
    return withHealthyDaemon({ backends: loopbackAddresses(backends), intervalMs: 1000 }, async (daemon) => {
      const before = await daemon.metrics();
      const endLoops = startBusyLoops();
      try {
        await sleep(seconds * 1000);
      } finally {
        endLoops();
      }
      const window = windowBetween(before, await daemon.metrics());
      return {
        kind: 'findings',
        load: `${backends} TCP backends, probed once a second; ${busyLoopCount} busy loops for ${seconds} s.`,
        findings: [
          falseTransitions(window.toUnhealthy),
          spoiltProbes(window),
          { name: 'probes', value: window.probes, unit: '' },
          { name: 'start delay of probes, p99 (upper bound of its bucket)', value: window.startDelayP99Ms, unit: 'ms' },
        ],
      };
    });
  },
};
