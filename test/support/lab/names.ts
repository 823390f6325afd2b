/**
 * Names of network namespaces. They tell which process they belong to, so that those of a test that was killed are
 * known as such, and are removed by the next one that starts.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';

const prefix = 'vitald-lab';
const folder = '/run/netns';
let labs = 0;

/** A prefix for the namespaces of one lab: `vitald-lab-PID-START-N`. The start tells two owners of one pid apart. */
export function nextLabName(): string {
  return `${prefix}-${process.pid}-${startOf(process.pid)}-${labs++}`;
}

/** Removes the namespaces whose process is no more, with whatever still runs in them. */
export function removeStale(): void {
  for (const name of namespaces()) {
    const [, pid, start] = new RegExp(`^${prefix}-(\\d+)-(\\d+)-`).exec(name) ?? [];
    if (pid !== undefined && startOf(Number(pid)) !== start) removeNamespace(name);
  }
}

/** Removes one namespace and ends what runs in it. Synchronous: it must also work while the process exits. */
export function removeNamespace(name: string): void {
  for (const pid of spawnSync('ip', ['netns', 'pids', name], { encoding: 'utf8' }).stdout.split('\n').filter(Boolean)) {
    try {
      process.kill(Number(pid), 'SIGKILL');
    } catch {
      // it ended by itself
    }
  }
  // Another test may be removing the same one: that it is gone is all that counts.
  spawnSync('ip', ['netns', 'delete', name]);
}

function namespaces(): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** When a process started, in clock ticks since boot (proc(5), field 22); undefined where there is none. */
function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return undefined;
  }
}
