/** Processor time that programs use: user and system, of all their threads. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** In what /proc counts time: USER_HZ, which is 100 on every Linux (time(7)). */
const ticksPerSecond = 100;

/** Runs a program to its end. @returns ms of processor time, its children included */
export function processorTimeOf(command: readonly string[]): number {
  // The second line of `times` is about the children of the shell (POSIX, "Special Built-In Utilities"). That of bash is
  // exact to the millisecond.
  const out = execFileSync('bash', ['-c', '"$@" >/dev/null; times', 'bash', ...command], { encoding: 'utf8' });
  const [, children = ''] = out.split('\n');
  const times = [...children.matchAll(/(\d+)m([\d.]+)s/g)];
  if (times.length !== 2) throw new Error(`not the output of times: ${out}`);
  return times.reduce((sumMs, [, minutes, seconds]) => sumMs + (Number(minutes) * 60 + Number(seconds)) * 1000, 0);
}

/** @returns ms of processor time that a process has used until now, threads that have ended included (proc(5), "stat") */
export function processorTimeUntilNow(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // After the name of the program, which may hold anything: field 3 is the first, 14 and 15 are utime and stime.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return ((Number(fields[11]) + Number(fields[12])) / ticksPerSecond) * 1000;
}
