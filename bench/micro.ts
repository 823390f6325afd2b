/** The hot files of src, each by itself. bench/ mirrors src/: bench/X/Y.ts measures src/X/Y.ts. */
import type { Bench } from './bench.js';
import { metricsTextBench } from './front/metrics/text.js';
import { stateBench } from './health/state.js';
import { httpBench } from './probes/http.js';
import { pendingBench } from './probes/raw/pending.js';
import { synPacketBench } from './probes/tcp/syn-packet.js';
import { timerWheelBench } from './schedule/timer-wheel.js';

export const microBench: Bench = {
  name: 'micro',
  group: 'micro',
  title: 'Parts by themselves',
  async measure() {
    const findings = [
      ...timerWheelBench(),
      ...stateBench(),
      ...synPacketBench(),
      ...pendingBench(),
      ...(await metricsTextBench()),
      ...(await httpBench()),
    ];
    return { kind: 'findings', load: 'One thread, nothing beside it; medians of several repeats.', findings };
  },
};
