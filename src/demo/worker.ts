/** The thread of the demo backends: apart from the engine, so that they never make a probe late. */
import { parentPort, workerData } from 'node:worker_threads';
import { closeAll, DemoFailure, startAll, type DemoSettings } from './backends.js';
import type { FromDemo } from './messages.js';
import { demoAddress, type DemoName, type DemoPorts } from './ports.js';

const port = parentPort!;
const tell = (message: FromDemo): void => port.postMessage(message);

try {
  const backends = await startAll(workerData as DemoSettings);
  const ports = Object.fromEntries([...backends].map(([name, backend]) => [name, backend.port])) as Record<DemoName, number>;
  const describe = [...backends.values()].map((backend) => `${demoAddress}:${backend.port} ${backend.describe}`);
  // There is one thing to be told: stop.
  port.once('message', () => void closeAll(backends).then(() => tell({ type: 'stopped' })));
  tell({ type: 'started', ports: ports satisfies DemoPorts, describe });
} catch (error) {
  if (!(error instanceof DemoFailure)) throw error;
  tell({ type: 'failed', backend: error.backend, port: error.port, code: error.cause.code ?? '', message: error.message });
}
