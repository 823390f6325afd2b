/**
 * 50,000 backends while everybody reads: scrapes, full reads, hundreds of waiting pollers, and reloads. First scrapes
 * alone, for what they cost by themselves; then all at once. Readers share the processors with the daemon.
 */
import { Agent } from 'node:http';
import type { Bench } from '../bench.js';
import type { Finding } from '../report/measurement.js';
import { loopbackAddresses } from '../support/addresses.js';
import { withHealthyDaemon, type RunningDaemon } from '../support/daemon.js';
import { windowBetween } from '../support/metrics.js';
import { residentKib, sleep } from '../support/process.js';
import { ClientProcess } from './clients.js';
import { falseTransitions, spoiltProbes, startDelay } from './findings.js';
import { getBody } from './http-client.js';

const intervalMs = 5000;
const scrapeEveryMs = 5000;
const scrapesAlone = 4;
const fullEveryMs = 1000;
const waiters = 200;
const reloadEveryMs = 10_000;
const reloadedShare = 0.01;

export const readersBench: Bench = {
  name: 'readers',
  group: 'scale',
  title: '50,000 backends, read by many clients',
  measure({ seconds = 60, backends = 50_000 }) {
    return withHealthyDaemon({ backends: loopbackAddresses(backends), intervalMs }, async (daemon) => {
      await sleep(2 * intervalMs);
      const alone = await scrapeFor(daemon, scrapesAlone * scrapeEveryMs);
      const before = await daemon.metrics();
      const client = await ClientProcess.start(daemon.url, { waiters, fullEveryMs });
      const [together, reloads] = await Promise.all([scrapeFor(daemon, seconds * 1000), reloadFor(daemon, seconds * 1000, backends)]);
      const counts = await client.takeCounts();
      client.end();
      const window = windowBetween(before, await daemon.metrics());
      return {
        kind: 'findings',
        load: `${backends} TCP backends, probed every ${intervalMs / 1000} s; for ${seconds} s metrics are scraped every ${scrapeEveryMs / 1000} s, the whole status is read every ${fullEveryMs / 1000} s, ${waiters} pollers wait for changes, and every ${reloadEveryMs / 1000} s a reload changes 1 % of the backends: half of them get another weight, half are replaced.`,
        findings: [
          ...scrapeFindings('alone', alone),
          ...scrapeFindings('beside all readers', together),
          startDelay(window, 15),
          falseTransitions(window.toUnhealthy + counts.unhealthyAnswers),
          spoiltProbes(window),
          { name: 'slowest full status', value: Math.max(...counts.fullMs) / 1000, unit: 's' },
          { name: 'full answers', value: counts.fullMs.length, unit: '' },
          { name: 'answers to waiting pollers', value: counts.waiterAnswers, unit: '' },
          { name: 'reloads', value: reloads, unit: '' },
          { name: 'read by clients in all', value: counts.bytes / 2 ** 20, unit: 'MiB' },
        ],
      };
    });
  },
};

interface Scrapes {
  readonly slowestMs: number;
  /** The most memory while it was scraped, above that before. */
  readonly moreKib: number;
}

const scrapeFindings = (when: string, { slowestMs, moreKib }: Scrapes): Finding[] => [
  { name: `slowest scrape, ${when}`, value: slowestMs / 1000, unit: 's', target: { atMost: 1.5 } },
  when === 'alone'
    ? { name: `additional memory, ${when}`, value: moreKib / 1024, unit: 'MiB', target: { atMost: 200 } }
    : { name: `additional memory, ${when}`, value: moreKib / 1024, unit: 'MiB' },
];

async function scrapeFor({ url, pid }: RunningDaemon, forMs: number): Promise<Scrapes> {
  const agent = new Agent({ keepAlive: true });
  const beforeKib = residentKib(pid);
  let mostKib = beforeKib;
  const watch = setInterval(() => (mostKib = Math.max(mostKib, residentKib(pid))), 50);
  const times: number[] = [];
  const end = performance.now() + forMs;
  while (performance.now() < end) {
    const startedAt = performance.now();
    await getBody(`${url}/metrics`, agent);
    times.push(performance.now() - startedAt);
    await sleep(Math.max(0, scrapeEveryMs - times.at(-1)!));
  }
  clearInterval(watch);
  agent.destroy();
  return { slowestMs: Math.max(...times), moreKib: mostKib - beforeKib };
}

/** @returns how many reloads there were */
async function reloadFor(daemon: RunningDaemon, forMs: number, backends: number): Promise<number> {
  const end = performance.now() + forMs;
  // Not in the last moments: what it changes is to be probed and read too.
  for (let reload = 0; ; reload++) {
    await sleep(Math.min(reloadEveryMs, end - performance.now()));
    if (performance.now() + reloadEveryMs / 2 > end) return reload;
    daemon.reload({ intervalMs, backends: changed(backends, reload + 1) });
  }
}

/** The backends with another hundredth of them changed: every second one is another address, the others weigh more. */
function changed(backends: number, reload: number): string[] {
  const perReload = Math.round(backends * reloadedShare);
  const spare = loopbackAddresses(backends + perReload).slice(backends);
  return loopbackAddresses(backends).map((address, place) => {
    const within = place - reload * perReload;
    if (within < 0 || within >= perReload) return address;
    return within % 2 === 0 ? spare[within]! : `{ address: ${address}, weight: 10 }`;
  });
}
