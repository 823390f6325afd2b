/** What a metric is made of. One metric a file; registry.ts lists them; docs/metrics.md is made from them. */
import type { HistogramCounts } from '../../status/counters.js';
import type { Outputs } from '../outputs/outputs.js';
import type { FrontState } from '../view/state.js';

/** One line of a metric. */
export interface Sample {
  /** Where it differs from the metric's name (`_bucket`, `_sum`, `_count`). */
  readonly metricName?: string;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
}

/** Facts that never change. */
export interface Build {
  readonly version: string;
  /** Of Node.js. */
  readonly nodeVersion: string;
}

/** What the documentation and the head of a metric say. */
export interface MetricInfo {
  readonly name: string;
  readonly help: string;
  readonly type: 'gauge' | 'counter' | 'histogram';
  readonly labels: readonly string[];
}

/** A metric with few series: of the checker, of each listener, or of each output. */
export interface Metric extends MetricInfo {
  /** Reads the present values; called once for each scrape. */
  collect(state: FrontState, build: Build, outputs: Pick<Outputs, 'states'>): Sample[];
}

export const noLabels: Readonly<Record<string, string>> = {};

/** The lines of one histogram: cumulative buckets, sum and count. */
export function histogramSamples(name: string, labels: Readonly<Record<string, string>>, counted: HistogramCounts): Sample[] {
  let total = 0;
  const buckets = counted.counts.map((count, place) => {
    total += count;
    return { metricName: `${name}_bucket`, labels: { ...labels, le: counted.bounds[place] ?? '+Inf' }, value: total };
  });
  return [...buckets, { metricName: `${name}_sum`, labels, value: counted.sum }, { metricName: `${name}_count`, labels, value: total }];
}
