/**
 * Everybody who reads while the daemon works, in a process of its own (see clients.ts): pollers that keep track,
 * waiters that only read what comes, and a client that reads everything again and again.
 */
import { Agent } from 'node:http';
import type { ClientCounts, Readers } from './clients.js';
import { getBody } from './http-client.js';
import { Poller } from './poller.js';

const [url, readersJson] = process.argv.slice(2) as [string, string];
const { pollers: pollerCount, waiters, fullEveryMs } = JSON.parse(readersJson) as Readers;
const unhealthy = Buffer.from('"state":"unhealthy"');

const newCounts = (): Omit<ClientCounts, 'pollers'> => ({ waiterAnswers: 0, fullMs: [], bytes: 0, unhealthyAnswers: 0 });
let counts = newCounts();

async function read(query: string, agent: Agent): Promise<Buffer> {
  const body = await getBody(`${url}/v1/status${query}`, agent);
  counts.bytes += body.length;
  if (body.includes(unhealthy)) counts.unhealthyAnswers++;
  return body;
}

/** The revision comes first in an answer: the rest need not be parsed. */
function revisionOf(body: Buffer): string {
  return /"revision":(\d+)/.exec(body.toString('latin1', 0, 500))![1]!;
}

/** @param since where it begins */
async function wait(since: string): Promise<never> {
  const agent = new Agent({ keepAlive: true });
  for (;;) {
    since = revisionOf(await read(`?since=${since}&wait=30s`, agent));
    counts.waiterAnswers++;
  }
}

async function readInFull(everyMs: number): Promise<never> {
  const agent = new Agent({ keepAlive: true });
  for (;;) {
    const startedAt = performance.now();
    await read('', agent);
    const tookMs = performance.now() - startedAt;
    counts.fullMs.push(tookMs);
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, everyMs - tookMs)));
  }
}

const pollers = Array.from({ length: pollerCount ?? 0 }, () => new Poller(url));
for (const poller of pollers) await poller.begin();
for (const poller of pollers) void poller.follow();
if (waiters !== undefined) {
  const since = revisionOf(await read('', new Agent()));
  for (let i = 0; i < waiters; i++) void wait(since);
}
if (fullEveryMs !== undefined) void readInFull(fullEveryMs);

process.on('message', () => {
  process.send!({ ...counts, pollers: pollers.map((poller) => poller.takeCounts()) } satisfies ClientCounts);
  counts = newCounts();
});
process.send!('reading');
