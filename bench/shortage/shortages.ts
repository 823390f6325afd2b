/** Ways to take time from a checker, while its backends and the measurement have all they need. */
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { busyLoopCount, startBusyLoops } from '../support/busy-loops.js';
import { sleep } from '../support/process.js';

/** A shortage that lasts until it is ended. */
export interface Shortage {
  /** The share of time that the checker lost, 0 to 1, as far as it is known. */
  lostShare(): number;
  end(): Promise<void>;
}

export interface ShortageKind {
  /** Unique, as shown in the document. */
  readonly name: string;
  /**
   * Begins it for all checkers alike.
   *
   * @param pids of the checkers; the share of lost time is that of the first one
   */
  begin(pids: readonly number[]): Shortage;
}

const stoppedMs = 100;
const runningMs = 300;

export function signalAll(pids: readonly number[], signal: 'SIGSTOP' | 'SIGCONT'): void {
  for (const pid of pids) process.kill(pid, signal);
}

/** Whole processes are stopped in a rhythm, as by a CPU quota. */
const stops: ShortageKind = {
  name: `stopped ${stoppedMs} ms in every ${stoppedMs + runningMs} ms`,
  begin(pids) {
    const beganAt = performance.now();
    let lostMs = 0;
    let ended = false;
    const rhythm = async (): Promise<void> => {
      while (!ended) {
        const stoppedAt = performance.now();
        signalAll(pids, 'SIGSTOP');
        await sleep(stoppedMs);
        signalAll(pids, 'SIGCONT');
        lostMs += performance.now() - stoppedAt;
        await sleep(runningMs);
      }
    };
    const over = rhythm();
    return {
      lostShare: () => lostMs / (performance.now() - beganAt),
      end: async () => {
        ended = true;
        await over;
      },
    };
  },
};

/** Time that the main thread of a process was ready to run and had no processor (Linux, sched-stats.rst), ms. */
function waitedMs(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ')[1]) / 1e6;
}

/** Other programs want all processors. Everything has nice 0, and the kernel shares the processors out. */
const busyLoops: ShortageKind = {
  name: `${busyLoopCount} busy loops on ${availableParallelism()} cores`,
  begin([pid]) {
    const beganAt = performance.now();
    const waitedBefore = waitedMs(pid!);
    const endLoops = startBusyLoops();
    return {
      lostShare: () => (waitedMs(pid!) - waitedBefore) / (performance.now() - beganAt),
      end: () => {
        endLoops();
        return Promise.resolve();
      },
    };
  },
};

/** For comparison: what the measurement itself adds. */
export const undisturbed: ShortageKind = {
  name: 'undisturbed',
  begin: () => ({ lostShare: () => 0, end: () => Promise.resolve() }),
};

export const shortages: readonly ShortageKind[] = [stops, busyLoops];
