/** Every measurement, in the order of docs/benchmarks.md. To add one, add a line. */
import type { Measurement } from './report/measurement.js';
import { microBench } from './micro.js';
import { peersBench } from './peers/peers.js';
import { profileBench } from './profile.js';
import { largeBench } from './scale/large.js';
import { massdeathBench } from './scale/massdeath.js';
import { readersBench } from './scale/readers.js';
import { sinceBench } from './scale/since.js';
import { starvedBench } from './scale/starved.js';
import { stoppedBench } from './scale/stopped.js';
import { stormBench } from './scale/storm.js';
import { lostTimeBench } from './shortage/lost-time.js';
import { soakBench } from './soak/soak.js';

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

export const benches: readonly Bench[] = [
  peersBench,
  largeBench,
  readersBench,
  sinceBench,
  massdeathBench,
  stormBench,
  stoppedBench,
  starvedBench,
  lostTimeBench,
  soakBench,
  microBench,
  profileBench,
];
