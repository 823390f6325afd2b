/** Keeps backends and the measurement itself punctual, whatever the machine is short of. */
import { spawnSync } from 'node:child_process';

/**
 * Gives the main thread of this process a real-time priority. A nice value would not do: the kernel may compare nice
 * values only within a session (sched(7), autogroup).
 *
 * @param children `first`: programs that are started from now on have it too; `ordinary`: they are ordinary, with nice 0
 */
export function comeFirst(children: 'first' | 'ordinary'): void {
  const reset = children === 'ordinary' ? ['--reset-on-fork'] : [];
  spawnSync('chrt', [...reset, '--rr', '--pid', '1', String(process.pid)], { stdio: 'ignore' });
}
