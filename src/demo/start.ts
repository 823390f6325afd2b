/** Starts the backends of `vitald run --demo-backends`. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { CodedError } from '../errors.js';
import type { DemoSettings } from './backends.js';
import { stopMessage, type FailedMessage, type FromDemo } from './messages.js';
import { demoAddress, demoPorts, type DemoPorts } from './ports.js';

export interface DemoBackends {
  /** One line for each backend: where it is and what it shows. */
  readonly describe: readonly string[];
  readonly ports: DemoPorts;
  /** Closes all of them and ends their thread. */
  stop(): Promise<void>;
}

/**
 * Starts backends that show every state, on 127.0.0.1, in a thread of their own.
 *
 * @throws CodedError `address_in_use` with one sentence, where a port is taken; nothing is left running then
 */
export async function startDemoBackends(settings: DemoSettings = { ports: demoPorts }): Promise<DemoBackends> {
  const worker = new Worker(new URL('./worker.js', import.meta.url), { workerData: settings, name: 'vitald-demo' });
  const [message] = (await once(worker, 'message')) as [FromDemo];
  if (message.type === 'started') {
    // Should a demo backend crash, the daemon goes on and shows it as down.
    worker.on('error', () => undefined);
    return { describe: message.describe, ports: message.ports, stop: () => stop(worker) };
  }
  await worker.terminate();
  throw message.type === 'failed' ? failure(message) : new Error('the demo backends stopped before they had started');
}

async function stop(worker: Worker): Promise<void> {
  const stopped = Promise.race([once(worker, 'message'), once(worker, 'exit')]);
  worker.postMessage(stopMessage);
  await stopped;
  await worker.terminate();
}

function failure({ backend, port, code, message }: FailedMessage): CodedError {
  const where = `the demo backend “${backend}” needs port ${port} of ${demoAddress}`;
  return code === 'EADDRINUSE'
    ? new CodedError(
        'address_in_use',
        `${where}, which another program has; stop that (\`ss -lntup\` shows it), or run without --demo-backends`,
      )
    : new CodedError('permission_missing', `${where}, and cannot have it: ${message}`);
}
