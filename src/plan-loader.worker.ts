/** The thread of plan-loader.ts. */
import { platform, setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { loadConfig } from './config/load.js';
import { origins, packPlan } from './config/pack.js';
import type { Plan, RuntimeBackends } from './config/plan.js';
import { mergeRuntime } from './config/runtime-backends.js';
import { observeReads } from './files/regular-file.js';
import { outputKinds } from './front/outputs/registry.js';
import type { LoadAnswer, LoadProgress, LoadQuestion, LoadReply, LoadRequest } from './plan-loader.js';
import { probeKinds } from './probes/registry.js';

/**
 * Nice value of this thread while probes run: the engine gets three times as much of a processor that both need (sched(7)).
 * At the lowest priority (19) it would get seventy times as much, and on a machine with other work a reload of one backend
 * took more than a minute.
 */
const niceDuringReload = 5;

const { previous, ...request } = workerData as LoadRequest;
// Only on Linux is this the priority of the calling thread alone.
if (previous !== undefined && platform() === 'linux') tryLowerPriority();
// A thread that waits for a file cannot answer: the other side is told before.
observeReads((reading) => parentPort?.postMessage({ reading } satisfies LoadProgress));
const { plan: read, problems, warnings } = loadConfig({ ...request, kinds: probeKinds, outputKinds });
if (read === undefined) reply({ problems, warnings });
else {
  parentPort?.once('message', ({ runtime }: LoadAnswer) => reply({ ...packed(read, runtime), problems, warnings }));
  parentPort?.postMessage({ server: read.server } satisfies LoadQuestion);
}

function packed(read: Plan, runtime: RuntimeBackends): Pick<LoadReply, 'plan' | 'runtime' | 'notices'> {
  const { added, left, notices } = mergeRuntime(read, runtime);
  const plan = packPlan(read, added);
  return { plan: { plan, origins: origins(previous, plan) }, runtime: left, notices };
}

function reply(message: LoadReply): void {
  parentPort?.postMessage(message);
}

/** A service manager may forbid the system call (systemd's `@resources`); a reload goes on all the same. */
function tryLowerPriority(): void {
  try {
    setPriority(niceDuringReload);
  } catch {
    // At the usual priority, then.
  }
}
