/** Which signals a process handles or ignores right now (SigCgt and SigIgn of proc(5)). */
import { readFileSync } from 'node:fs';
import { constants } from 'node:os';

/** @returns false also when the process has ended, or has not started yet */
export function survives(pid: number, signal: NodeJS.Signals): boolean {
  const bit = 1n << BigInt(constants.signals[signal] - 1);
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    return ['SigCgt', 'SigIgn'].some((name) => {
      const mask = BigInt(`0x${new RegExp(`^${name}:\\s*([0-9a-f]+)$`, 'm').exec(status)![1]!}`);
      return (mask & bit) !== 0n;
    });
  } catch {
    return false;
  }
}
