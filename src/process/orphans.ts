/**
 * Reaps the processes that this one inherits. A program whose parent has ended becomes a child of PID 1: in a container
 * without an init that is vitald, and what an output's command leaves running would stay as a zombie when it ends. Zombies
 * hold a PID each, and a container's limit of those (`pids.max`) is reached some day.
 *
 * Node.js waits for its own children one by one. These must be left to it: their exit code would be lost.
 */
import { kernelCalls, type KernelCalls } from './kernel-calls.js';

const PR_GET_CHILD_SUBREAPER = 37;
const P_ALL = 0;
const WNOHANG = 0x1;
const WEXITED = 0x4;
const WNOWAIT = 0x0100_0000;
const siginfoBytes = 128;

const everyMs = 1000;
/** In one go; the rest has to wait for the next one. */
const atOnce = 1000;

/**
 * Begins to reap, if orphans come to this process: it is PID 1, or a "child subreaper" (prctl(2)). vitald does not make
 * itself one: outside of a container, orphans belong to the init of the machine.
 *
 * @param pid of this process
 * @param isOwnChild whether Node.js waits for this process
 */
export function reapOrphans(pid: number, isOwnChild: (pid: number) => boolean): void {
  const calls = kernelCalls();
  if (calls === undefined || (pid !== 1 && !isSubreaper(calls))) return;
  setInterval(() => reapAll(calls, isOwnChild), everyMs).unref();
}

function isSubreaper(calls: KernelCalls): boolean {
  const answer = Buffer.alloc(4);
  return calls.prctlInto(PR_GET_CHILD_SUBREAPER, answer) === 0 && answer.readInt32LE(0) !== 0;
}

function reapAll(calls: KernelCalls, isOwnChild: (pid: number) => boolean): void {
  for (let i = 0; i < atOnce; i++) {
    const ended = endedChild(calls);
    // Of several, the kernel names one. When that is a child of Node.js, the others are named once it has been waited for.
    if (ended === 0 || isOwnChild(ended)) return;
    calls.waitpid(ended, new Int32Array(1), WNOHANG);
  }
}

/** PID of a child that has ended, without reaping it; 0 when there is none. */
function endedChild(calls: KernelCalls): number {
  const info = Buffer.alloc(siginfoBytes);
  if (calls.waitid(P_ALL, 0, info, WEXITED | WNOHANG | WNOWAIT) !== 0) return 0;
  // Three numbers come before it; on 64-bit machines the union that it is part of begins at a multiple of 8.
  return info.readInt32LE(calls.wordBytes === 8 ? 16 : 12);
}
