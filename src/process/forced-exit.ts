/**
 * Ends the process even if one of its threads waits for the kernel.
 *
 * process.exit() waits for the threads of libuv's pool and for worker threads. One of them that opens a file of a dead
 * network file system, or writes to a pipe without a reader, keeps it waiting forever. _exit(2) does not wait.
 */
import { abort, kill, pid } from 'node:process';
import { kernelCalls } from './kernel-calls.js';

/** Does what {@link exitByForce} needs to read from files, which may hang by then. */
export function prepareForcedExit(): void {
  kernelCalls();
}

/** Ends the process with an exit code, at once. Without koffi that is not possible: then SIGKILL ends it. */
export function exitByForce(exitCode: number): void {
  kernelCalls()?.exitNow(exitCode);
  kill(pid, 'SIGKILL');
  // The kernel ignores SIGKILL that process 1 of a container sends to itself.
  abort();
}
