/** Programs that want processor time and do nothing with it. */
import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';

const loopsPerCore = 2;

export const busyLoopCount = availableParallelism() * loopsPerCore;

/**
 * Starts two busy loops for each core.
 *
 * @returns ends them
 */
export function startBusyLoops(): () => void {
  const loops = Array.from({ length: busyLoopCount }, () => spawn(process.execPath, ['-e', 'for (;;);'], { stdio: 'ignore' }));
  return () => {
    for (const loop of loops) loop.kill('SIGKILL');
  };
}
