/**
 * Ends the process even if one of its threads waits for the kernel.
 *
 * process.exit() waits for the threads of libuv's pool and for worker threads. One of them that opens a file of a dead
 * network file system, or writes to a pipe that nobody reads, keeps it waiting for ever. _exit(2) does not wait.
 */
import { createRequire } from 'node:module';
import { abort, kill, pid } from 'node:process';

interface Koffi {
  load(path: null): { func(prototype: string): (status: number) => void };
}

/**
 * Prepares the end while files can still be read.
 *
 * @returns ends the process with an exit code. Without koffi that is not possible: then SIGKILL ends it
 */
export function prepareForcedExit(): (exitCode: number) => void {
  const exit = tryLoadExit();
  return (exitCode) => {
    exit?.(exitCode);
    kill(pid, 'SIGKILL');
    // The kernel ignores SIGKILL that process 1 of a container sends to itself.
    abort();
  };
}

function tryLoadExit(): ((status: number) => void) | undefined {
  try {
    const module = createRequire(import.meta.url)('koffi') as Koffi & { readonly default?: Koffi };
    return (module.default ?? module).load(null).func('void _exit(int status)');
  } catch {
    return undefined;
  }
}
