/** The thread of plan-loader.ts. */
import { constants, platform, setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { loadConfig } from './config/load.js';
import { origins, packPlan } from './config/pack.js';
import type { LoadReply, LoadRequest } from './plan-loader.js';
import { probeKinds } from './probes/registry.js';

const { previous, ...request } = workerData as LoadRequest;
// On Linux alone this is the priority of the calling thread. While probes run, the engine comes first.
if (previous !== undefined && platform() === 'linux') setPriority(constants.priority.PRIORITY_LOW);
const { plan: read, problems, warnings } = loadConfig({ ...request, kinds: probeKinds });
const plan = read === undefined ? undefined : packPlan(read);
parentPort?.postMessage({
  ...(plan !== undefined && { plan: { plan, origins: origins(previous, plan) } }),
  problems,
  warnings,
} satisfies LoadReply);
