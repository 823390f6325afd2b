/** The text of `/metrics`. */
import type { Readable } from 'node:stream';
import { packPlan } from '#vitald/config/pack.js';
import type { BackendPlan, Plan } from '#vitald/config/plan.js';
import { Metrics } from '#vitald/front/metrics/registry.js';
import { FrontState } from '#vitald/front/view/state.js';
import { Counters } from '#vitald/status/counters.js';
import { StatusTable } from '#vitald/status/table.js';
import type { Finding } from '../../report/measurement.js';
import { loopbackAddresses } from '../../support/addresses.js';
import { median } from '../../support/statistics.js';
import { timeFinding } from '../../support/timing.js';

const backends = 10_000;
const repeats = 15;

export async function metricsTextBench(): Promise<Finding[]> {
  const metrics = new Metrics(frontState(), { version: '0.0.0', nodeVersion: process.version }, { states: () => [] });
  const times: number[] = [];
  let bytes = 0;
  for (let i = 0; i < repeats; i++) {
    const startedAt = performance.now();
    bytes = await lengthOf(await metrics.body());
    times.push((performance.now() - startedAt) * 1e6);
  }
  return [
    timeFinding(`metrics: the text of ${backends} backends`, median(times)),
    { name: `metrics: size of that text`, value: bytes / 2 ** 20, unit: 'MiB' },
  ];
}

async function lengthOf(body: Buffer | Readable): Promise<number> {
  if (Buffer.isBuffer(body)) return body.length;
  let bytes = 0;
  for await (const piece of body) bytes += (piece as Buffer).length;
  return bytes;
}

/** What the front knows of one listener whose backends are all healthy. */
function frontState(): FrontState {
  const table = new StatusTable(backends);
  const counters = Counters.allocate(1);
  for (let slot = 0; slot < backends; slot++) {
    table.reset(slot, 'healthy', 0);
    table.recordProbe(slot, 0, 'ok', 0.1 + slot / backends, '', 'pass', 3);
    table.recordRouting(slot, true, 'healthy');
    counters.countProbe(0, 'ok', 0.1);
  }
  const slots = Int32Array.from({ length: backends }, (_, slot) => slot);
  const rows = [{ name: 'bench', counterRow: 0, checkMethod: { method: 'syn' }, slots, targets: slots }];
  const memory = { table: table.memory, counters: counters.memory };
  const why = { number: 1, cause: 'start', runtime: [] } as const;
  const message = { type: 'plan', ...why, plan: packPlan(plan()), rows, ...memory, revision: 1, changes: [], settlesAt: [] } as const;
  return new FrontState(message, { type: 'reload', ok: true, at: 0 }, 0);
}

function plan(): Plan {
  const port = 80;
  const backendPlans = loopbackAddresses(backends).map((address): BackendPlan => ({
    id: `${address}:${port}`,
    address,
    family: 4,
    port,
    checkPort: port,
    weight: 10,
  }));
  const check = {
    enabled: true,
    type: 'tcp',
    intervalMs: 5000,
    timeoutMs: 2000,
    healthyThreshold: 2,
    unhealthyThreshold: 3,
    initialPasses: 1,
    pace: 'fixed_rate',
    port: undefined,
    source: undefined,
    interface: undefined,
    options: {},
  } as const;
  const limits = { requestsPerSecond: 1, connections: 1, connectionsPerAddress: 1 };
  const holds = { requests: 1, requestsPerCaller: 1, streams: 1, streamsPerCaller: 1 };
  const nowhere = { tls: undefined, unixSocket: undefined, metricsListen: undefined };
  const access = { ...nowhere, tokens: [], clientCertificates: [], open: [], isInsecure: false, names: [], limits, holds };
  const policy = { allUnhealthy: 'none', initial: 'exclude' } as const;
  const listener = { name: 'bench', protocol: 'tcp', port, profile: 'native', check, ...policy, backends: backendPlans } as const;
  return {
    checker: 'bench',
    server: { host: '127.0.0.1', port: 0, stateDir: undefined, allowedNetworks: [], access },
    outputs: [],
    listeners: [listener],
  };
}
