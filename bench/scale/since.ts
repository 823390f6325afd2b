/** What a poll with `since` costs, over how many backends changed and how many exist: it is to grow with the first alone. */
import type { Bench } from '../bench.js';
import type { Finding } from '../report/measurement.js';
import { loopbackAddresses } from '../support/addresses.js';
import { withHealthyDaemon, type RunningDaemon, type Setup } from '../support/daemon.js';
import { sleep } from '../support/process.js';

const existing = [10_000, 50_000];
const changes = [0, 10, 100, 1000, 10_000];
const polls = 20;
/** The same for any number of backends: else it is the cost of probing that is compared. */
const probesPerSecond = 10_000;
/** After a reload, until what it took is cleaned up. */
const settleMs = 3000;

interface Point {
  readonly changed: number;
  readonly ms: number;
  readonly bytes: number;
}

export const sinceBench: Bench = {
  name: 'since',
  group: 'scale',
  title: 'A poll with `since`',
  async measure() {
    const curves: Point[][] = [];
    for (const backends of existing) curves.push(await curveAt(backends));
    return {
      kind: 'findings',
      load: `TCP backends, in all ${probesPerSecond} probes a second; a reload changes the weight of some; the least time of ${polls} polls with the revision before: what else the machine does only adds to it.`,
      findings: [...changes.keys()].map((place) => ratioAt(curves, place)).filter((finding) => finding !== undefined),
      curve: {
        columns: ['backends changed', ...existing.flatMap((backends) => [`ms, of ${backends}`, `bytes, of ${backends}`])],
        rows: changes.map((changed, place) => [changed, ...curves.flatMap((points) => [points[place]!.ms, points[place]!.bytes])]),
      },
    };
  },
};

/** Below a hundred changes the time is that of any HTTP request, and moves more than the ratio may. */
function ratioAt(curves: readonly (readonly Point[])[], place: number): Finding | undefined {
  const [few, many] = curves.map((points) => points[place]!);
  if (few!.changed < 100) return undefined;
  return {
    name: `${few!.changed} changes: time of ${existing[1]!} backends ÷ of ${existing[0]!}`,
    value: many!.ms / few!.ms,
    unit: '',
    target: { atMost: 1.5 },
  };
}

function curveAt(backends: number): Promise<Point[]> {
  const addresses = loopbackAddresses(backends);
  const intervalMs = (backends * 1000) / probesPerSecond;
  return withHealthyDaemon({ backends: addresses, intervalMs }, async (daemon) => {
    const points: Point[] = [];
    for (const [place, changed] of changes.entries()) {
      const since = (await poll(daemon, 'since=0')).revision;
      if (changed > 0) await reloadUntilSeen(daemon, since, { intervalMs, backends: weighted(addresses, changed, 10 + place) });
      points.push({ changed, ...(await timePolls(daemon, since, changed)) });
    }
    return points;
  });
}

function weighted(addresses: readonly string[], count: number, weight: number): string[] {
  return addresses.map((address, place) => (place < count ? `{ address: ${address}, weight: ${weight} }` : address));
}

async function reloadUntilSeen(daemon: RunningDaemon, since: number, setup: Setup): Promise<void> {
  daemon.reload(setup);
  await poll(daemon, `since=${since}&wait=30s`);
  await sleep(settleMs);
}

async function poll({ url }: RunningDaemon, query: string): Promise<{ revision: number; backends: unknown[] }> {
  return (await (await fetch(`${url}/v1/status?${query}`)).json()) as { revision: number; backends: unknown[] };
}

/** @throws Error where not just the changed backends are listed: the figure would be of something else */
async function timePolls(daemon: RunningDaemon, since: number, changed: number): Promise<{ ms: number; bytes: number }> {
  const listed = (await poll(daemon, `since=${since}`)).backends.length;
  if (listed !== changed) throw new Error(`${listed} backends are listed as changed, not ${changed}`);
  const times: number[] = [];
  let bytes = 0;
  for (let i = 0; i < polls; i++) {
    const startedAt = performance.now();
    bytes = (await (await fetch(`${daemon.url}/v1/status?since=${since}`)).arrayBuffer()).byteLength;
    times.push(performance.now() - startedAt);
  }
  return { ms: Math.min(...times), bytes };
}
