/** The process is stopped for ten seconds (SIGSTOP, SIGCONT): no backend may pay for that. */
import type { Bench } from '../bench.js';
import { loopbackAddresses } from '../support/addresses.js';
import { withHealthyDaemon } from '../support/daemon.js';
import { windowBetween } from '../support/metrics.js';
import { sleep } from '../support/process.js';
import { falseTransitions, spoiltProbes } from './findings.js';

export const stoppedBench: Bench = {
  name: 'stopped',
  group: 'scale',
  title: 'A process that is stopped',
  measure({ seconds = 10, backends = 10_000 }) {
    return withHealthyDaemon({ backends: loopbackAddresses(backends), intervalMs: 1000 }, async (daemon) => {
      const before = await daemon.metrics();
      process.kill(daemon.pid, 'SIGSTOP');
      await sleep(seconds * 1000);
      process.kill(daemon.pid, 'SIGCONT');
      // As long again: three failures in a row would have shown by then.
      await sleep(10_000);
      const window = windowBetween(before, await daemon.metrics());
      return {
        kind: 'findings',
        load: `${backends} TCP backends, probed once a second; the daemon is stopped for ${seconds} s, and watched for 10 s more.`,
        findings: [falseTransitions(window.toUnhealthy), spoiltProbes(window), { name: 'probes', value: window.probes, unit: '' }],
      };
    });
  },
};
