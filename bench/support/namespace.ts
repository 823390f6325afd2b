/**
 * Runs a measurement in network and process namespaces of its own: nothing in it reaches the world, ports and counters
 * are its own, and whatever happens the kernel ends every process of it with the first one, and removes both.
 */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { BenchOptions } from '../bench.js';
import type { Measurement } from '../report/measurement.js';

/** Ends with this process too, even when it is killed. */
const isolated = ['setpriv', '--pdeathsig', 'KILL', 'unshare', '--net', '--pid', '--fork', '--kill-child', '--mount-proc'];

/**
 * @param name of a bench
 * @throws Error where it fails, or the machine does not allow it (needs root)
 */
export function measureIsolated(name: string, options: BenchOptions): Promise<Measurement> {
  const [command, ...args] = [...isolated, process.execPath, fileURLToPath(new URL('../inside.js', import.meta.url))];
  // What it prints is progress, not its result.
  const child = spawn(command, [...args, name, JSON.stringify(options)], { stdio: ['ignore', 2, 'inherit', 'ipc'] });
  return new Promise((resolve, reject) => {
    let measurement: Measurement | undefined;
    child.on('message', (message) => (measurement = message as Measurement));
    child.once('error', reject);
    child.once('close', (code) => {
      if (measurement !== undefined && code === 0) resolve(measurement);
      else reject(new Error(`the measurement ${name} failed (it needs root, setpriv and unshare of Debian's util-linux)`));
    });
  });
}
