/** What a measurement is: how it is named and run. The list of them is in benches.ts. */
import type { Measurement } from './report/measurement.js';

/** What the command line may change; a measurement takes what concerns it. */
export interface BenchOptions {
  /** For how long to measure. */
  readonly seconds?: number;
  /** For how long the soak lasts. */
  readonly minutes?: number;
  readonly rounds?: number;
  readonly backends?: number;
  /** Of large. */
  readonly intervalMs?: number;
  /** A name to choose, or a part of several: of peers and lost-time. */
  readonly only?: string;
  /** Of peers: what the short form is made of. */
  readonly short?: boolean;
}

export interface Bench {
  readonly name: string;
  /** Heading in the document. */
  readonly title: string;
  readonly group: 'peers' | 'scale' | 'shortage' | 'soak' | 'micro' | 'profile';
  /** Runs in a network namespace of its own (support/namespace.ts). */
  measure(options: BenchOptions): Promise<Measurement>;
}
