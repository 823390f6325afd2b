/** The thread of plan-loader.ts. */
import { parentPort, workerData } from 'node:worker_threads';
import { loadConfig } from './config/load.js';
import type { LoadRequest } from './plan-loader.js';
import { probeKinds } from './probes/registry.js';

parentPort?.postMessage(loadConfig({ ...(workerData as LoadRequest), kinds: probeKinds }));
