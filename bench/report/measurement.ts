/** What measurements yield. Kept as JSON in bench/results/; tables are made from nothing else (render.ts). */

/** A side of a comparison in one round. */
export interface Side {
  /** Processor time for each check, user and system, of all threads of the process. */
  readonly usPerCheck: number;
  /** Checks really made, by the kernel's or the backend's count. */
  readonly perSecond: number;
}

export interface Round {
  readonly ours: Side;
  readonly peer: Side;
}

/** vitald and another program under the same load, in turns. */
export interface ComparisonResult {
  readonly name: string;
  /** The ratio of ours to the peer's is to be at most this; undefined: for information. */
  readonly target?: number;
  readonly backends: number;
  /** Checks per second that were asked of both. */
  readonly loadPerSecond: number;
  readonly rounds: readonly Round[];
}

/** One figure. */
export interface Finding {
  readonly name: string;
  /** null: beyond what can be measured, as JSON has it of Infinity; no target is met by it. */
  readonly value: number | null;
  readonly unit: string;
  /** Undefined: for information. */
  readonly target?: { readonly atMost: number } | { readonly atLeast: number };
}

/** A table of figures without targets: how one quantity grows with others. */
export interface Curve {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly number[])[];
}

/** A function of the engine's thread and its own processor time, without what it calls. */
export interface ProfileItem {
  readonly name: string;
  /** Path in the repository, or what the runtime calls it; empty for the runtime itself. */
  readonly file: string;
  readonly usPerProbe: number;
}

/** How soon one checker found the faults of a trial. null: not found at all. */
export interface Detections {
  readonly medianMs: number | null;
  readonly p95Ms: number | null;
  readonly slowestMs: number | null;
  /** Faults that were found later than the limit, or never. */
  readonly late: number;
  /** Healthy backends that were marked down at any time. */
  readonly healthyMarkedDown: number;
}

/** One kind of probe under one shortage of the checker's time. */
export interface DetectionCase {
  readonly probe: string;
  readonly shortage: string;
  /** The window: what vitald promises at most from the fault to `unhealthy`. */
  readonly promisedMs: number;
  /** In windows: a fault that is found later is late. */
  readonly limitWindows: number;
  /** Median and p95 of vitald may be at most so many times HAProxy's; undefined: for information. */
  readonly ratioAtMost?: number;
  readonly faults: number;
  /** Backends beside that never failed. */
  readonly healthy: number;
  /** Share of its time that vitald lost, if it is known. */
  readonly lostPercent?: number;
  readonly ours: Detections;
  /** HAProxy at the same settings in the same run, if it has such a check. */
  readonly peer?: Detections;
}

export type Measurement =
  | { readonly kind: 'comparisons'; readonly comparisons: readonly ComparisonResult[] }
  /** @param load one sentence: what was run */
  | { readonly kind: 'findings'; readonly load: string; readonly findings: readonly Finding[]; readonly curve?: Curve }
  | { readonly kind: 'detections'; readonly load: string; readonly cases: readonly DetectionCase[] }
  /** Items are sorted by time; those beyond the largest are left out. */
  | { readonly kind: 'profile'; readonly probesPerSecond: number; readonly busyUsPerProbe: number; readonly items: readonly ProfileItem[] };

/** A round counts only where both sides really made nine tenths of the checks that were asked for. */
const leastShareOfLoad = 0.9;

export function roundCounts(comparison: ComparisonResult, { ours, peer }: Round): boolean {
  return reachesLoad(comparison, ours) && reachesLoad(comparison, peer);
}

export function reachesLoad({ loadPerSecond }: ComparisonResult, { perSecond }: Side): boolean {
  return perSecond >= leastShareOfLoad * loadPerSecond;
}

/** The ratios of the rounds that count. */
export function ratios(comparison: ComparisonResult): number[] {
  return comparison.rounds.filter((round) => roundCounts(comparison, round)).map(({ ours, peer }) => ours.usPerCheck / peer.usPerCheck);
}

/** Undefined where there is no target, or nothing to hold against it. */
export function isMet(value: number | null | undefined, target: Finding['target']): boolean | undefined {
  if (target === undefined || value === undefined) return undefined;
  if (value === null) return false;
  return 'atMost' in target ? value <= target.atMost : value >= target.atLeast;
}
