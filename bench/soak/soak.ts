/**
 * A long time of everything at once: backends of every kind, reloads, followers, outputs that hang, a descriptor limit
 * that is lowered and raised, stops, and backends that really fail. No verdict may be false, and nothing may grow.
 */
import { mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Bench } from '../bench.js';
import { EventFollower } from '../follow/event-follower.js';
import type { Curve, Finding, Measurement } from '../report/measurement.js';
import { Services } from '../shortage/services.js';
import { promisedMs, promisedOf } from '../shortage/vitald-checker.js';
import { apiAddress, spawnConfigured, type ConfiguredDaemon } from '../support/daemon.js';
import { total } from '../support/metrics.js';
import { comeFirst } from '../support/priority.js';
import { sleep } from '../support/process.js';
import { median, percentile } from '../support/statistics.js';
import { Fleet, type Replacement } from './fleet.js';
import { Followers, type FollowersReport } from './followers.js';
import { hangingCommands, HangingOutputs } from './hanging-outputs.js';
import { Hardships } from './hardships.js';
import { ResourceLog } from './resources.js';
import { UnsteadyBackends } from './unsteady.js';

const settings = { intervalMs: 2000, timeoutMs: 1000, healthyThreshold: 2, unhealthyThreshold: 2 };
const unsteadyOfEach = 10;
const followersOfEach = 4;
const reloadEveryMs = 30_000;
const replacedShare = 0.01;
const repeatReloadMs = 15_000;
const sampleEveryMs = 5000;
/** Until memory and connections are what they will be; less in a short soak. */
const longestWarmUpMs = 300_000;
const patienceMs = 120_000;

interface World {
  readonly daemon: ConfiguredDaemon;
  readonly fleet: Fleet;
  readonly services: Services;
  readonly outputs: HangingOutputs;
  readonly unsteady: UnsteadyBackends;
  /** Reads every event, over a connection that nobody cuts. */
  readonly watcher: EventFollower;
  readonly configuration: () => string;
}

export const soakBench: Bench = {
  name: 'soak',
  group: 'soak',
  title: 'A soak',
  async measure({ minutes = 60, backends = 5000 }) {
    comeFirst('ordinary');
    const folder = mkdtempSync(join(tmpdir(), 'vitald-soak-'));
    const log = join(folder, 'log');
    try {
      return await inWorld(folder, openSync(log, 'w'), backends, async (world) => {
        const { findings, curve } = await Promise.race([soak(world, minutes * 60_000), died(world.daemon)]);
        const ending = [...(await endingFindings(world)), apiCrashes(log)];
        return { kind: 'findings', load: loadText(world.fleet.size, minutes), findings: [...findings, ...ending], curve };
      });
    } finally {
      for (const line of commonest(readFileSync(log, 'utf8'))) console.error(`logged ${line}`);
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

/** Starts everything, and ends it whatever happens. */
async function inWorld(folder: string, log: number, backends: number, use: (world: World) => Promise<Measurement>): Promise<Measurement> {
  const services = new Services();
  const outputs = new HangingOutputs(folder);
  const ending: (() => Promise<void> | void)[] = [() => services.end(), () => outputs.close()];
  try {
    await outputs.listen();
    const fleet = await Fleet.start(backends, unsteadyOfEach, settings, services);
    const server = { listen: apiAddress, state_dir: join(folder, 'state') };
    const configuration = (): string => JSON.stringify({ server, outputs: outputs.configuration(), listeners: fleet.configuration() });
    const daemon = spawnConfigured(configuration(), { log });
    ending.unshift(() => daemon.stop());
    const promised = promisedOf(daemon.file);
    const unsteady = new UnsteadyBackends(fleet, services, ({ name, probe }) => promisedMs(promised.get(name)!, probe));
    const watcher = new EventFollower(daemon.url, (...change) => unsteady.onState(...change));
    ending.unshift(() => watcher.end());
    await daemon.serving;
    void watcher.follow();
    await untilAllHealthy(watcher, fleet.size);
    const world: World = { daemon, fleet, services, outputs, unsteady, watcher, configuration };
    return await use(world);
  } finally {
    for (const end of ending) await end();
  }
}

async function untilAllHealthy({ picture }: EventFollower, count: number): Promise<void> {
  const end = performance.now() + patienceMs;
  for (;;) {
    const others = [...picture.values()].filter(({ state }) => state !== 'healthy');
    if (picture.size === count && others.length === 0) return;
    if (performance.now() > end) {
      const some = others.slice(0, 5).map(({ listener, backend, state }) => `${listener}/${backend} is ${state}`);
      throw new Error(`${picture.size} of ${count} backends are there, ${others.length} of them not healthy: ${some.join(', ')}`);
    }
    await sleep(200);
  }
}

/** @throws Error when the daemon ends */
async function died({ exited }: ConfiguredDaemon): Promise<never> {
  throw new Error(`the daemon ended with exit code ${await exited}`);
}

async function soak(world: World, forMs: number): Promise<{ readonly findings: Finding[]; readonly curve: Curve }> {
  const { daemon, fleet, unsteady, watcher } = world;
  const beganAt = performance.now();
  const followers = new Followers(daemon.url, followersOfEach);
  const hardships = new Hardships(daemon.pid, forMs);
  const resources = new ResourceLog(daemon.pid, () => daemon.metrics());
  hardships.begin();
  unsteady.begin();
  const reloads = reloadUntil(world, beganAt + forMs);
  const sampled = sampleUntil(world, resources, beganAt + forMs);
  const reloaded = await reloads;
  await sampled;
  await Promise.all([hardships.end(), unsteady.end()]);
  await untilAllHealthy(watcher, fleet.size);
  console.error(`handles of the API's event loop at the end: ${resources.lastHandles()}`);
  const report = await followers.finish();
  followers.end();
  const counted = await unhealthyTransitions(daemon);
  const findings = [
    ...verdictFindings(unsteady, counted),
    ...followerFindings(report),
    ...resources.findings(Math.min(longestWarmUpMs, forMs / 5)),
    { name: 'reloads', value: reloaded.made, unit: '' },
    { name: 'reloads that had to be repeated', value: reloaded.repeated, unit: '' },
    { name: 'reloads that were not taken', value: reloaded.notTaken, unit: '', target: { atMost: 0 } },
    { name: 'stops of 1 to 5 s', value: hardships.stops, unit: '' },
    { name: 'descriptor limit lowered for 2 to 10 s', value: hardships.limitsLowered, unit: '' },
    { name: 'connections of followers that were cut', value: report.cuts, unit: '' },
  ];
  return { findings, curve: resources.curve() };
}

function loadText(backends: number, minutes: number): string {
  return `${backends} backends of every kind of probe, probed every ${settings.intervalMs / 1000} s for ${minutes} minutes. Every ${reloadEveryMs / 1000} s a reload replaces 1 % of them. ${followersOfEach} pollers and ${followersOfEach} readers of events lose their connections at random. A webhook and a HAProxy accept connections and never answer, and a command does not end. The process is stopped now and then, and its descriptor limit lowered. ${unsteadyOfEach} backends of each kind fail now and then; all others must never leave healthy. Medians of the first quarter after the warm-up are compared with those of the last.`;
}

interface Reloads {
  made: number;
  /** Repeated because the daemon did not take them: while it has no descriptors, it cannot read the file. */
  repeated: number;
  notTaken: number;
}

async function reloadUntil(world: World, endAt: number): Promise<Reloads> {
  const { fleet, services } = world;
  const reloads: Reloads = { made: 0, repeated: 0, notTaken: 0 };
  // A short soak has some, too; what the last one brings is probed and read before the end.
  const everyMs = Math.min(reloadEveryMs, (endAt - performance.now()) / 4);
  while (performance.now() + everyMs < endAt) {
    await sleep(everyMs);
    const { removed } = await fleet.replace(replacedShare);
    reloads.made++;
    // Until then they had to answer.
    if (await isTaken(world, removed, reloads)) await services.cease(removed.map(({ address }) => address));
    else reloads.notTaken++;
  }
  await sleep(endAt - performance.now());
  return reloads;
}

/** Reloads until the daemon takes it, as an operator would who reads its log. */
async function isTaken({ daemon, watcher, configuration }: World, removed: Replacement['removed'], reloads: Reloads): Promise<boolean> {
  const end = performance.now() + patienceMs;
  while (performance.now() < end) {
    daemon.reconfigure(configuration());
    const until = performance.now() + repeatReloadMs;
    while (performance.now() < until) {
      await sleep(100);
      if (!removed.some(({ key }) => watcher.picture.has(key))) return true;
    }
    reloads.repeated++;
  }
  return false;
}

async function sampleUntil({ outputs }: World, resources: ResourceLog, endAt: number): Promise<void> {
  while (performance.now() < endAt) {
    await resources.sample();
    outputs.countCommands();
    await sleep(sampleEveryMs);
  }
}

async function unhealthyTransitions(daemon: ConfiguredDaemon): Promise<number> {
  return total(await daemon.metrics(), 'vitald_backend_transitions_total', 'to="unhealthy"');
}

function verdictFindings({ faults, falseVerdicts, notRecovered, unhealthyVerdicts }: UnsteadyBackends, counted: number): Finding[] {
  for (const one of falseVerdicts) console.error(`false verdict: ${one}`);
  for (const line of missedByListener(faults)) console.error(line);
  const windows = faults.map(({ tookMs, promisedMs: promised }) => tookMs / promised);
  const inWindows = (name: string, value: number): Finding => ({ name, value, unit: '× the promised window' });
  return [
    { name: 'false verdicts', value: falseVerdicts.length, unit: '', target: { atMost: 0 } },
    { name: 'real faults', value: faults.length, unit: '' },
    { name: 'of these never found', value: faults.filter(({ tookMs }) => tookMs === Infinity).length, unit: '', target: { atMost: 0 } },
    { name: 'backends that did not recover', value: notRecovered.length, unit: '', target: { atMost: 0 } },
    inWindows('real faults found after, median', median(windows)),
    inWindows('real faults found after, p95', percentile(windows, 0.95)),
    inWindows('real faults found after, slowest', Math.max(...windows)),
    { name: 'verdicts that no event told of', value: counted - unhealthyVerdicts, unit: '', target: { atMost: 0 } },
  ];
}

function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item]);
  return groups;
}

/** The listeners with faults that were found late or never: which kind of probe misses them. */
function missedByListener(faults: UnsteadyBackends['faults']): string[] {
  const byListener = groupBy(faults, ({ key }) => key.slice(0, key.indexOf('/')));
  return [...byListener].flatMap(([listener, all]) => {
    const [never, late] = [
      all.filter(({ tookMs }) => tookMs === Infinity),
      all.filter(({ tookMs, promisedMs: most }) => tookMs > 2 * most),
    ];
    return late.length === 0
      ? []
      : [`${listener}: of ${all.length} faults ${never.length} never found, ${late.length} after 2 windows or never`];
  });
}

function followerFindings({ followers, wrong, startedOver }: FollowersReport): Finding[] {
  for (const text of wrong.slice(0, 10)) console.error(text);
  return [
    { name: `what ${followers} followers had wrong in the end`, value: wrong.length, unit: '', target: { atMost: 0 } },
    { name: 'followers that were told to start over', value: startedOver, unit: '' },
  ];
}

/** Stops the daemon, and looks at what it leaves behind. */
async function endingFindings({ daemon, outputs }: World): Promise<Finding[]> {
  const startedAt = performance.now();
  await daemon.stop();
  return [
    { name: 'connections to the webhook that hangs', value: outputs.webhookConnections, unit: '', target: { atLeast: 1 } },
    { name: 'connections to the HAProxy that hangs', value: outputs.haproxyConnections, unit: '', target: { atLeast: 1 } },
    { name: 'times that a command was seen to hang', value: outputs.commandsSeen, unit: '', target: { atLeast: 1 } },
    { name: 'stopping the daemon took', value: (performance.now() - startedAt) / 1000, unit: 's', target: { atMost: 5 } },
    { name: 'commands left behind', value: hangingCommands(), unit: '', target: { atMost: 0 } },
  ];
}

/** A thread that crashes is started again, and says so on standard error. */
function apiCrashes(log: string): Finding {
  const crashes = readFileSync(log, 'utf8').match(/the API thread failed/g) ?? [];
  return { name: 'crashes of the API thread', value: crashes.length, unit: '', target: { atMost: 0 } };
}

/** The commonest messages of a log with how often each came, for people to look at. */
function commonest(log: string): string[] {
  const counts = new Map<string, number>();
  for (const [, message, plain] of log.matchAll(/"msg":"((?:[^"\\]|\\.)*)"|^(vitald: .*)/gm)) {
    const kind = (message ?? plain!).replaceAll(/\d+/g, 'N').slice(0, 160);
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  const sorted = [...counts].sort(([, one], [, other]) => other - one);
  return sorted.slice(0, 8).map(([kind, count]) => `${count} ×: ${kind}`);
}
