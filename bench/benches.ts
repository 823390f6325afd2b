/** Every measurement, in the order of docs/benchmarks.md. To add one, add a line. */
import type { Bench } from './bench.js';
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
