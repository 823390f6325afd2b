/**
 * One kind of probe under one shortage: backends fail one by one at random moments, many others stay healthy, and
 * vitald and HAProxy (if it has such a check) watch the same backends at the same settings.
 */
import type { DetectionCase, Detections } from '../report/measurement.js';
import { sleep } from '../support/process.js';
import { median, percentile } from '../support/statistics.js';
import { backendAddress } from './addresses.js';
import type { CheckSettings, CheckedBackend, Checker } from './checker.js';
import { HaproxyChecker } from './haproxy-checker.js';
import type { FaultWay, ProbeCase } from './probe-cases.js';
import { Services } from './services.js';
import { signalAll, type ShortageKind } from './shortages.js';
import { VitaldChecker } from './vitald-checker.js';

/** Those of the public report that this measurement is made after. */
const settings: CheckSettings = { intervalMs: 1000, timeoutMs: 500, healthyThreshold: 2, unhealthyThreshold: 2 };
const port = 18_080;
/** Longest time until every backend is up, at the start and after each fault. */
const patienceMs = 60_000;
/** A fault that is not found after so many windows counts as never found. */
const giveUpWindows = 5;

export interface TrialSize {
  /** Backends that fail. */
  readonly failing: number;
  /** How often each of them fails. */
  readonly rounds: number;
  /** Backends that never fail. */
  readonly healthy: number;
}

interface World {
  readonly probe: ProbeCase;
  readonly services: Services;
  readonly ours: VitaldChecker;
  readonly peer: HaproxyChecker | undefined;
  readonly failing: readonly CheckedBackend[];
  readonly healthy: readonly CheckedBackend[];
  readonly promisedMs: number;
}

/** How long each fault took to be found; Infinity: it was not. */
interface Found {
  readonly oursMs: number[];
  readonly peerMs: number[];
}

/** Faults while a shortage lasts. A kind with a smaller share has as many faults, of fewer backends. */
export function faultsDuring(shortage: ShortageKind, probe: ProbeCase, size: TrialSize): Promise<DetectionCase> {
  return inWorld(probe, size, async (world) => {
    const running = shortage.begin(checkersOf(world).map(({ pid }) => pid));
    const beganAt = Date.now();
    try {
      await sleep(settings.intervalMs);
      const found: Found = { oursMs: [], peerMs: [] };
      const rounds = Math.round(size.rounds / probe.share);
      await Promise.all(world.failing.map((backend, index) => failAgainAndAgain(world, backend, index, rounds, found)));
      return caseOf(world, found, {
        shortage: shortage.name,
        lostShare: running.lostShare(),
        limitWindows: 1.5,
        ratioAtMost: 1.2,
        beganAt,
      });
    } finally {
      await running.end();
    }
  });
}

/** Faults while the checkers are stopped for long; times count from when they go on. */
export function faultsDuringStop(stopMs: number, probe: ProbeCase, size: Omit<TrialSize, 'rounds'>): Promise<DetectionCase> {
  return inWorld(probe, size, async (world) => {
    const pids = checkersOf(world).map(({ pid }) => pid);
    const found: Found = { oursMs: [], peerMs: [] };
    const beganAt = Date.now();
    signalAll(pids, 'SIGSTOP');
    await Promise.all(
      world.failing.map(async ({ address }, index) => {
        await sleep(Math.random() * (stopMs - 1000));
        await world.services.fail(address, wayOf(world.probe, index));
      }),
    );
    await sleep(beganAt + stopMs - Date.now());
    const wentOnAt = Date.now();
    signalAll(pids, 'SIGCONT');
    await Promise.all(world.failing.map((backend) => waitUntilFound(world, backend, wentOnAt, found)));
    return caseOf(world, found, { shortage: stopName(stopMs), lostShare: undefined, limitWindows: 1, beganAt });
  });
}

export const stopName = (stopMs: number): string => `stopped for ${stopMs / 1000} s`;

const checkersOf = ({ ours, peer }: World): readonly Checker[] => (peer === undefined ? [ours] : [ours, peer]);

const wayOf = ({ ways }: ProbeCase, place: number): FaultWay => ways[place % ways.length]!;

/** Starts backends and checkers, and ends them whatever happens. */
async function inWorld<T>(probe: ProbeCase, size: Omit<TrialSize, 'rounds'>, use: (world: World) => Promise<T>): Promise<T> {
  const failing = Math.round(size.failing * probe.share);
  const backends = Array.from({ length: failing + Math.round(size.healthy * probe.share) }, (_, index) => {
    return { name: `b${index}`, address: backendAddress(probe.family, index), port };
  });
  const services = new Services();
  const ending: (() => Promise<void> | void)[] = [() => services.end()];
  try {
    await services.serve({ ...probe, port, addresses: backends.map(({ address }) => address) });
    const ours = await VitaldChecker.start(probe, backends, settings);
    ending.unshift(() => ours.stop());
    const peer = probe.haproxy === undefined ? undefined : await HaproxyChecker.start(probe.haproxy, backends, settings);
    if (peer !== undefined) ending.unshift(() => peer.stop());
    const promisedMs = ours.promisedMs(probe);
    const split = { failing: backends.slice(0, failing), healthy: backends.slice(failing) };
    const world: World = { probe, services, ours, peer, promisedMs, ...split };
    for (const backend of backends) {
      if (!(await isUpInTime(world, backend))) throw new Error(`${probe.name}: ${backend.name} did not become healthy`);
    }
    // Until its first check HAProxy takes a server out at the first failure, not at the second.
    await sleep(2 * settings.intervalMs);
    return await use(world);
  } finally {
    for (const end of ending) await end();
  }
}

/** @returns whether every checker has it up within the limit */
async function isUpInTime(world: World, { name }: CheckedBackend): Promise<boolean> {
  const up = await Promise.all(checkersOf(world).map(({ board }) => board.until(name, true, patienceMs)));
  return !up.includes(undefined);
}

async function failAgainAndAgain(world: World, backend: CheckedBackend, index: number, rounds: number, found: Found): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    await isUpInTime(world, backend);
    // Two intervals for what is left of the fault before, and any phase of the next one.
    await sleep((2 + Math.random()) * settings.intervalMs);
    for (const { board } of checkersOf(world)) if (board.isUp(backend.name) !== true) board.falselyDown.add(backend.name);
    const failedAt = await world.services.fail(backend.address, wayOf(world.probe, index + round));
    await waitUntilFound(world, backend, failedAt, found);
    await world.services.restore(backend.address, backend.port);
  }
}

/** Waits for both checkers. */
async function waitUntilFound({ ours, peer, promisedMs }: World, { name }: CheckedBackend, fromMs: number, found: Found): Promise<void> {
  const limitMs = giveUpWindows * promisedMs;
  await Promise.all([
    timeUntilDown(ours, name, fromMs, limitMs).then((ms) => found.oursMs.push(...ms)),
    peer && timeUntilDown(peer, name, fromMs, limitMs).then((ms) => found.peerMs.push(...ms)),
  ]);
}

/** @returns nothing for a backend that was down before it failed; Infinity if it was not found within the limit */
async function timeUntilDown({ board }: Checker, name: string, fromMs: number, limitMs: number): Promise<number[]> {
  if (board.isUp(name) !== true) return [];
  const at = await board.until(name, false, limitMs);
  return [at === undefined ? Infinity : at - fromMs];
}

interface Circumstances {
  readonly shortage: string;
  readonly lostShare: number | undefined;
  readonly limitWindows: number;
  readonly ratioAtMost?: number;
  /** Wall-clock time in ms. */
  readonly beganAt: number;
}

function caseOf(world: World, found: Found, { beganAt, lostShare, ...circumstances }: Circumstances): DetectionCase {
  const { probe, ours, peer, healthy, promisedMs } = world;
  const limitMs = circumstances.limitWindows * promisedMs;
  const detections = (checker: Checker, times: readonly number[]): Detections => {
    const names = new Set(healthy.map(({ name }) => name));
    const downs = checker.board.downs.filter(({ backend, at }) => at >= beganAt && names.has(backend));
    const markedDown = new Set([...downs.map(({ backend }) => backend), ...checker.board.falselyDown]);
    return {
      medianMs: finite(median(times)),
      p95Ms: finite(percentile(times, 0.95)),
      slowestMs: finite(Math.max(...times)),
      late: times.filter((ms) => ms > limitMs).length,
      healthyMarkedDown: markedDown.size,
    };
  };
  return {
    ...circumstances,
    probe: probe.name,
    promisedMs,
    faults: found.oursMs.length,
    healthy: healthy.length,
    ...(lostShare !== undefined && { lostPercent: 100 * lostShare }),
    ours: detections(ours, found.oursMs),
    ...(peer !== undefined && { peer: detections(peer, found.peerMs) }),
  };
}

/** null as in JSON: not found at all. Two infinite middle values have NaN between them. */
const finite = (ms: number): number | null => (Number.isFinite(ms) ? ms : null);
